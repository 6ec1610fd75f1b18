use std::{fmt, panic::Location};

/// The handles of one channel that exist, counted by kind, name and creation site; and who keeps it open.
pub(crate) struct Handles {
    /// Those that send, and the fabric.
    senders: usize,
    sites: Vec<Site>,
    /// Where the last one was counted: the next one is often made in the same place.
    last: usize,
    live: usize,
}

/// What is left when a handle has gone.
pub(crate) struct Left {
    /// It was the last that kept the channel open.
    pub(crate) no_sender: bool,
    /// It was the last one.
    pub(crate) nothing: bool,
}

/// Handles of one kind and name, made in one place.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) kind: HandleKind,
    pub(crate) name: Option<Box<str>>,
    pub(crate) at: &'static Location<'static>,
    /// How many exist.
    pub(crate) count: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandleKind {
    Channel,
    Broadcast,
    Receiver,
    Subscriber,
    LossySubscriber,
}

impl Handles {
    pub(crate) const fn new() -> Self {
        Self { senders: 0, sites: Vec::new(), last: 0, live: 0 }
    }

    /// One more keeps the channel open.
    pub(crate) fn add_sender(&mut self) {
        self.senders += 1;
    }

    pub(crate) fn has_senders(&self) -> bool {
        self.senders > 0
    }

    /// Counts a handle; the number of its site.
    pub(crate) fn add(
        &mut self,
        kind: HandleKind,
        name: Option<&str>,
        at: &'static Location<'static>,
    ) -> u32 {
        self.live += 1;
        let same =
            |site: &Site| std::ptr::eq(site.at, at) && site.kind == kind && site.name.as_deref() == name;
        if !self.sites.get(self.last).is_some_and(same) {
            let found = self.sites.iter().position(same);
            self.last = found
                .unwrap_or_else(|| self.add_site(Site { kind, name: name.map(Into::into), at, count: 0 }));
        }
        self.sites[self.last].count += 1;
        self.last as u32
    }

    #[cold]
    fn add_site(&mut self, site: Site) -> usize {
        if let Some(unused) = self.sites.iter().position(|site| site.count == 0) {
            self.sites[unused] = site;
            return unused;
        }
        if self.sites.is_empty() {
            self.sites.reserve_exact(2); // a sending and a reading one
        }
        self.sites.push(site);
        self.sites.len() - 1
    }

    /// Counts a handle no more, which has this site, if it was counted by one.
    pub(crate) fn remove(&mut self, site: Option<u32>, sends: bool) -> Left {
        if let Some(site) = site {
            self.sites[site as usize].count -= 1;
            self.live -= 1;
        }
        self.senders -= usize::from(sends);
        Left { no_sender: sends && self.senders == 0, nothing: site.is_some() && self.live == 0 }
    }

    /// How many there are.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Where they were made.
    pub(crate) fn sites(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter().filter(|site| site.count > 0)
    }
}

impl HandleKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Channel => "Channel",
            Self::Broadcast => "Broadcast",
            Self::Receiver => "Receiver",
            Self::Subscriber => "Subscriber",
            Self::LossySubscriber => "LossySubscriber",
        }
    }
}

impl fmt::Display for HandleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
