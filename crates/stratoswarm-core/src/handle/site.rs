use std::{panic::Location, sync::Arc};

use super::{HandleKind, Shared};

/// Handles of one kind and name, made in one place. They are counted by its references, so that a clone made in the same place
/// costs no more than one of them.
pub(crate) struct Site<M> {
    pub(super) shared: Arc<Shared<M>>,
    pub(super) kind: HandleKind,
    pub(super) at: &'static Location<'static>,
    /// Whether its handles keep the channel open.
    pub(super) sends: bool,
    /// Where it is listed.
    pub(super) place: usize,
    /// Whether a report is to name it.
    pub(super) reported: bool,
    /// Whether they have a name.
    pub(super) is_named: bool,
    /// Of handles that send on a traced channel: who they are.
    pub(super) sender: u32,
}

impl<M> Site<M> {
    /// Whether a clone of one of these, of this kind and made there, is one of these, too.
    #[inline]
    pub(super) fn is_of(&self, kind: HandleKind, at: &'static Location<'static>) -> bool {
        std::ptr::eq(self.at, at) && self.kind == kind && self.reported
    }
}

/// The last of its handles has gone.
impl<M> Drop for Site<M> {
    fn drop(&mut self) {
        self.shared.site_gone(self.place, self.sends);
    }
}
