use super::cursor::Cursor;
use crate::{
    contain::contain,
    engine::Taken,
    message::Message,
    request::{AnyResponder, RequestLiveness},
};

/// What is put aside while a batch is taken under the lock, to be seen to after it.
pub(super) enum Aside<M> {
    /// A message that nobody is handed.
    Skipped(RequestLiveness, Taken<M>),
    /// What the sender of one was charged that is handed out.
    Charge(AnyResponder),
}

impl<M: Message> Aside<M> {
    pub(super) fn see_to(all: Vec<Self>, cursor: &Cursor<M>) {
        for aside in all {
            match aside {
                Self::Skipped(why, taken) => cursor.skip(why, &mut Some(taken)),
                Self::Charge(charge) => contain(|| drop(charge)),
            }
        }
    }
}

impl<M> Taken<M> {
    /// The same, if nothing but a charge lies beside it: then it is good in any case. Whether it was so.
    #[inline]
    pub(super) fn discharge_bare(&mut self) -> bool {
        let charge = self.request.take_bare_charge();
        let bare = charge.is_some();
        if bare {
            contain(|| drop(charge));
        }
        bare
    }

    /// It is handed out, outside of every lock: its sender is charged no more.
    #[inline]
    pub(super) fn discharge(&mut self) {
        let charge = self.request.take_charge();
        if charge.is_some() {
            contain(|| drop(charge));
        }
    }
}
