use std::{
    panic::Location,
    sync::{Arc, Weak},
};

use super::{HandleKind, Shared, site::Site};
use crate::tasks::{TaskNumber, Who};

/// The handles of one channel that exist, by the sites where they were made; and who keeps it open.
pub(crate) struct Handles<M> {
    /// The sites whose handles send, and the fabric.
    senders: usize,
    sites: Vec<Option<Listed<M>>>,
    /// Where the last one was counted: the next one is often made in the same place.
    last: usize,
    /// How many are listed.
    live: usize,
}

/// What is left when the last handle of a site has gone.
pub(super) struct Left {
    /// It was the last that kept the channel open.
    pub(super) no_sender: bool,
    /// It was the last one.
    pub(super) nothing: bool,
}

/// A site with its key, as the site itself may be about to go.
struct Listed<M> {
    kind: HandleKind,
    name: Option<Box<str>>,
    at: &'static Location<'static>,
    reported: bool,
    /// The tracked task that made all of them, if one did.
    maker: Option<TaskNumber>,
    sends: bool,
    site: Weak<Site<M>>,
}

impl<M> Listed<M> {
    fn is(&self, kind: HandleKind, name: Option<&str>, at: &'static Location<'static>) -> bool {
        std::ptr::eq(self.at, at) && self.kind == kind && self.name.as_deref() == name && self.reported
    }
}

impl<M> Handles<M> {
    pub(super) const fn new() -> Self {
        Self { senders: 0, sites: Vec::new(), last: 0, live: 0 }
    }

    /// One more keeps the channel open.
    pub(super) fn add_sender(&mut self) {
        self.senders += 1;
    }

    /// One less does. Whether it was the last.
    pub(super) fn drop_sender(&mut self) -> bool {
        self.senders -= 1;
        self.senders == 0
    }

    pub(super) fn has_senders(&self) -> bool {
        self.senders > 0
    }

    /// The site of such handles, with one more.
    pub(super) fn site(
        &mut self,
        shared: &Arc<Shared<M>>,
        kind: HandleKind,
        name: Option<&str>,
        at: &'static Location<'static>,
        sends: bool,
    ) -> Arc<Site<M>> {
        let same = |listed: &Option<Listed<M>>| listed.as_ref().is_some_and(|it| it.is(kind, name, at));
        let known = if self.sites.get(self.last).is_some_and(same) {
            Some(self.last)
        } else {
            self.sites.iter().position(same)
        };
        if let Some(known) = known
            && let Some(listed) = &mut self.sites[known]
            && let Some(site) = listed.site.upgrade()
        {
            if listed.maker != Who::tracked_here() {
                listed.maker = None;
            }
            self.last = known;
            return site;
        }
        // There is none, or its last handle is going just now: that one is counted off by its own place.
        self.new_site(shared, kind, name, at, sends, true)
    }

    /// A site of its own for one handle.
    pub(super) fn new_site(
        &mut self,
        shared: &Arc<Shared<M>>,
        kind: HandleKind,
        name: Option<&str>,
        at: &'static Location<'static>,
        sends: bool,
        reported: bool,
    ) -> Arc<Site<M>> {
        let place = self.sites.iter().position(Option::is_none).unwrap_or_else(|| {
            if self.sites.is_empty() {
                self.sites.reserve_exact(2); // a sending and a reading one
            }
            self.sites.push(None);
            self.sites.len() - 1
        });
        let is_named = name.is_some();
        let trace = shared.trace().filter(|_| sends);
        let sender = trace.map_or(0, |trace| trace.sender(name, at));
        let site =
            Arc::new(Site { shared: Arc::clone(shared), kind, at, sends, place, reported, is_named, sender });
        let (name, weak) = (name.map(Into::into), Arc::downgrade(&site));
        self.sites[place] =
            Some(Listed { kind, name, at, reported, maker: Who::tracked_here(), sends, site: weak });
        self.last = place;
        self.live += 1;
        self.senders += usize::from(sends);
        site
    }

    /// The last handle of a site has gone, which was listed in this place.
    pub(super) fn remove(&mut self, place: usize, sends: bool) -> Left {
        self.sites[place] = None;
        self.live -= 1;
        self.senders -= usize::from(sends);
        Left { no_sender: sends && self.senders == 0, nothing: self.live == 0 }
    }

    /// What those that are listed in this place are called.
    pub(super) fn name(&self, place: usize) -> Option<Box<str>> {
        self.sites.get(place)?.as_ref()?.name.clone()
    }

    /// Whether there are any.
    pub(super) fn are_there(&self) -> bool {
        self.live > 0
    }

    /// How many there are of the kinds of which this is true.
    pub(super) fn count(&self, of: impl Fn(HandleKind) -> bool) -> usize {
        let sites = self.sites.iter().flatten().filter(|listed| of(listed.kind));
        sites.map(|listed| listed.site.strong_count()).sum()
    }

    /// Where those were made that a report is to name, and how many in each place.
    pub(super) fn reported(&self) -> impl Iterator<Item = SiteCount> {
        let sites = self.sites.iter().flatten().filter(|listed| listed.reported);
        let counts = sites.map(|Listed { kind, name, at, site, maker, sends, .. }| SiteCount {
            kind: *kind,
            maker: *maker,
            sends: *sends,
            name: name.as_deref().map(String::from),
            at,
            count: site.strong_count(),
        });
        counts.filter(|site| site.count > 0)
    }
}

/// How many handles of one kind and name were made in one place.
pub(crate) struct SiteCount {
    pub(crate) kind: HandleKind,
    pub(crate) name: Option<String>,
    pub(crate) at: &'static Location<'static>,
    pub(crate) count: usize,
    /// The tracked task that made all of them, if one did. One that is cloned from another of its site is not looked at.
    pub(crate) maker: Option<TaskNumber>,
    /// They keep the channel open.
    pub(crate) sends: bool,
}
