use std::{
    ops::Deref,
    panic::Location,
    sync::{Arc, Weak},
};

use super::{Shared, handles::HandleKind};

/// What every handle of a channel holds: its share in the channel, counted with its creation site.
pub(crate) struct Handle<M> {
    shared: Arc<Shared<M>>,
    /// None for one that no report is to name.
    site: Option<u32>,
    /// Whether it keeps the channel open.
    sends: bool,
}

impl<M> Handle<M> {
    /// A sending handle.
    pub(crate) fn sending(shared: Arc<Shared<M>>, kind: HandleKind, at: &'static Location<'static>) -> Self {
        let site = Some(shared.count_handle(kind, None, at, true));
        Self { shared, site, sends: true }
    }

    /// A sending handle, if the channel's sending side is still there.
    pub(crate) fn revived(
        shared: Arc<Shared<M>>,
        kind: HandleKind,
        at: &'static Location<'static>,
    ) -> Option<Self> {
        let site = Some(shared.revive_handle(kind, at)?);
        Some(Self { shared, site, sends: true })
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
        shared.add_sender();
        Self { shared, site: None, sends: true }
    }

    /// A reading handle.
    pub(crate) fn reading(
        shared: Arc<Shared<M>>,
        kind: HandleKind,
        name: Option<&str>,
        at: &'static Location<'static>,
    ) -> Self {
        let site = Some(shared.count_handle(kind, name, at, false));
        Self { shared, site, sends: false }
    }

    /// A further sending handle.
    pub(crate) fn another(&self, kind: HandleKind, at: &'static Location<'static>) -> Self {
        Self::sending(Arc::clone(&self.shared), kind, at)
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

impl<M> Drop for Handle<M> {
    fn drop(&mut self) {
        self.shared.handle_gone(self.site, self.sends);
    }
}
