use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::Settlement;
use crate::{
    message::DeadReason,
    sync::{Mutex, Rank},
    waiting::keep_current,
};

/// What a sender and the groups share that are to settle its message.
pub(crate) struct SettleCell(Mutex<State>);

struct State {
    /// How many groups have yet to settle it.
    pending: usize,
    fate: Settlement,
    sender: Option<Waker>,
}

impl SettleCell {
    pub(crate) fn new(groups: usize) -> Arc<Self> {
        let state = State { pending: groups, fate: Settlement::Acked, sender: None };
        Arc::new(Self(Mutex::new(Rank::Cell, state)))
    }

    /// A group has acknowledged the message, or given it up; who is to be woken, once no lock is held.
    pub(crate) fn settle(&self, group: &str, dead: Option<DeadReason>) -> Option<Waker> {
        let mut state = self.0.lock();
        if let (Some(reason), Settlement::Acked) = (dead, &state.fate) {
            state.fate = Settlement::Dead { group: group.to_owned(), reason };
        }
        state.pending -= 1;
        if state.pending == 0 { state.sender.take() } else { None }
    }

    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<Settlement> {
        let mut state = self.0.lock();
        if state.pending == 0 {
            return Poll::Ready(state.fate.clone());
        }
        let old = keep_current(&mut state.sender, cx.waker());
        drop(state);
        drop(old); // user code, outside the lock
        Poll::Pending
    }
}
