use std::{
    ops::Deref,
    panic::Location,
    sync::{Arc, Weak},
};

use super::{HandleKind, Shared, site::Site};

/// What every handle of a channel holds: its share in the channel, and in the site where it was made, by which it is counted.
pub(crate) struct Handle<M> {
    shared: Arc<Shared<M>>,
    site: Arc<Site<M>>,
}

impl<M> Handle<M> {
    /// A sending handle.
    pub(crate) fn sending(
        shared: Arc<Shared<M>>,
        kind: HandleKind,
        name: Option<&str>,
        at: &'static Location<'static>,
    ) -> Self {
        let site = shared.site(kind, name, at, true);
        Self { shared, site }
    }

    /// A sending handle, if the channel's sending side is still there.
    pub(crate) fn revived(
        shared: Arc<Shared<M>>,
        kind: HandleKind,
        at: &'static Location<'static>,
    ) -> Option<Self> {
        let site = shared.revive(kind, at)?;
        Some(Self { shared, site })
    }

    /// The same of a weak reference.
    pub(crate) fn upgraded(
        shared: &Weak<Shared<M>>,
        kind: HandleKind,
        at: &'static Location<'static>,
    ) -> Option<Self> {
        Self::revived(shared.upgrade()?, kind, at)
    }

    /// A sending handle that no report names: a registry's own.
    pub(crate) fn unlisted(shared: Arc<Shared<M>>) -> Self {
        let site = shared.unlisted_site();
        Self { shared, site }
    }

    /// A reading handle.
    pub(crate) fn reading(
        shared: Arc<Shared<M>>,
        kind: HandleKind,
        name: Option<&str>,
        at: &'static Location<'static>,
    ) -> Self {
        let site = shared.site(kind, name, at, false);
        Self { shared, site }
    }

    /// A further sending handle, with the same name. As many are often cloned from one another in one place, that takes no lock.
    #[inline]
    pub(crate) fn another(&self, kind: HandleKind, at: &'static Location<'static>) -> Self {
        let shared = Arc::clone(&self.shared);
        if self.site.is_of(kind, at) {
            return Self { shared, site: Arc::clone(&self.site) };
        }
        let name = shared.site_name(&self.site);
        Self::sending(shared, kind, name.as_deref(), at)
    }

    /// Who sends by it, on a traced channel.
    #[inline]
    pub(crate) fn sender(&self) -> u32 {
        self.site.sender
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<M>> {
        &self.shared
    }
}

impl<M> Deref for Handle<M> {
    type Target = Shared<M>;

    #[inline(always)]
    fn deref(&self) -> &Shared<M> {
        &self.shared
    }
}
