use std::{
    panic::Location,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    Channel,
    limit::Limit,
    turn::{By, Turn},
};
use crate::{
    chaos::Moment,
    engine::{Effects, LaneIndex, Log},
    error::{RequestError, Stage},
    handle::Shared,
    message::{Message, Priority},
    request::{AnyCell, AnyResponder},
    stats::{Caller, WaitKind},
    timers::Timer,
};

/// The way of a question with several answers: into its channel, and back if it is given up.
pub(super) struct Asking<'a, M: Message> {
    /// None once it is sent, or cannot be.
    message: Option<M>,
    channel: &'a Channel<M>,
    pub(super) limit: Limit,
    pub(super) parent: Option<Instant>,
    started: Option<Instant>,
    turn: Turn,
    timer: Timer,
    progress: Progress,
    from: &'static Location<'static>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Not polled yet.
    New,
    /// Waiting for room, or for a group.
    Sending,
    /// Accepted, under this number of this lane.
    Sent(LaneIndex, u64),
    Over,
}

impl<'a, M: Message> Asking<'a, M> {
    pub(super) fn new(channel: &'a Channel<M>, message: M, from: &'static Location<'static>) -> Self {
        Self {
            message: Some(message),
            channel,
            limit: Limit::of_channel(channel.default_timeout()),
            parent: None,
            started: None,
            turn: Turn::new(),
            timer: Timer::new(),
            progress: Progress::New,
            from,
        }
    }

    /// States the class, whatever the message says.
    pub(super) fn set_class(&mut self, class: Priority) {
        self.turn.set_class(class);
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    pub(super) fn shared(&self) -> &'a Arc<Shared<M>> {
        self.channel.shared()
    }

    /// Waits for what holds it up before it begins.
    #[inline(always)]
    pub(super) fn hold(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.turn.hold(self.channel.shared(), Moment::Request, cx)
    }

    /// The deadline, with which it begins; an error if no time is left, or none was.
    pub(super) fn begin(&mut self) -> Result<Option<Instant>, RequestError> {
        let now = Instant::now();
        self.started = Some(now);
        let deadline = self.limit.deadline(self.parent, now);
        if deadline.is_none_or(|deadline| now < deadline) {
            self.progress = Progress::Sending;
            return Ok(deadline);
        }
        self.progress = Progress::Over;
        let log = self.shared().log.lock();
        let (closed, served) = (log.is_closed(), log.has_group());
        drop(log);
        Err(match (closed, served) {
            (true, _) => RequestError::Closed,
            (false, true) => self.expired(Stage::Sending),
            (false, false) => self.expired(Stage::Unserved),
        })
    }

    /// Has the cell expire at its deadline, and end with its channel.
    pub(super) fn watch<C: AnyCell>(
        &mut self,
        deadline: Option<Instant>,
        cell: &Arc<C>,
        cx: &mut Context<'_>,
    ) {
        self.timer.watch(deadline.zip(self.started), Arc::clone(cell) as _, cx);
        if self.shared().has_ended() {
            cell.close(); // a shutdown may have gone through the list before
        }
    }

    /// The deadline does not matter any more; it still ends with its channel.
    pub(super) fn watch_no_deadline(&mut self, cell: &Arc<impl AnyCell>, cx: &mut Context<'_>) {
        self.timer.disarm();
        self.watch(None, cell, cx);
    }

    /// Expires the cell whose deadline has passed, though nobody has told it yet.
    pub(super) fn look_at_clock<C: AnyCell>(&mut self, cell: &Arc<C>, cx: &mut Context<'_>) {
        if let Some(deadline) = cell.deadline()
            && self.timer.poll_listed(deadline, || Arc::clone(cell) as _, cx).is_ready()
        {
            cell.expire();
        }
    }

    /// Brings it in, or waits. `refuse` says why it is not to be asked at all, `accepted` is called with the channel as of
    /// which it is asked, both under the log's lock. An error if it cannot be.
    pub(super) fn enter(
        &mut self,
        cell: &Arc<impl AnyCell>,
        cx: &mut Context<'_>,
        refuse: impl FnOnce(&Log<M>) -> Option<RequestError>,
        accepted: impl FnOnce(&Log<M>),
    ) -> Result<(), RequestError> {
        let Some(message) = self.message.as_ref().filter(|_| self.progress == Progress::Sending) else {
            return Ok(());
        };
        let shared = self.channel.shared();
        let mut effects = Effects::new();
        let mut log = shared.log.lock();
        let lane = self.turn.find_lane(&log, || message.priority());
        let by = By { handle: self.channel.address(), at: self.from };
        let refused = if log.is_closed() {
            Some(RequestError::Closed)
        } else if !log.has_group() {
            let caller = || Caller::here(WaitKind::Request, self.from);
            self.turn.wait_for_group(&mut log, self.channel.address(), caller, cx, &mut effects);
            None
        } else if let Some(refused) = refuse(&log) {
            Some(refused)
        } else {
            match self.turn.poll_paid(
                shared,
                &mut log,
                message,
                None,
                WaitKind::Request,
                by,
                cx,
                &mut effects,
            ) {
                Poll::Pending => None,
                Poll::Ready(Err(_)) => Some(RequestError::Closed),
                Poll::Ready(Ok(paid)) => {
                    if let Some(message) = self.message.take() {
                        accepted(&log);
                        let request = paid.beside_request(AnyResponder::first(Arc::clone(cell) as _));
                        let number =
                            log.push_request_in(lane, message, request, self.channel.sender(), &mut effects);
                        self.progress = Progress::Sent(lane, number);
                        log.after_push(1, &mut effects);
                    }
                    None
                }
            }
        };
        shared.unlock_and_apply(log, effects);
        if refused.is_none() && self.progress == Progress::Sending {
            self.turn.arm(cx);
        }
        refused.map_or(Ok(()), |refused| {
            self.turn.cancel(shared);
            self.end();
            Err(refused)
        })
    }

    /// It has its end; whoever still has it to do keeps it.
    pub(super) fn end(&mut self) {
        self.progress = Progress::Over;
        self.timer.disarm();
    }

    /// Takes it back as far as possible; where it was, if it was not accepted.
    pub(super) fn withdraw(&mut self) -> Option<Stage> {
        self.timer.disarm();
        match std::mem::replace(&mut self.progress, Progress::Over) {
            Progress::Sending if self.turn.cancel(self.shared()) => Some(Stage::Unserved),
            Progress::Sending => Some(Stage::Sending),
            Progress::Sent(lane, number) => {
                self.shared().release(lane, number);
                None
            }
            Progress::New | Progress::Over => None,
        }
    }

    #[cold]
    pub(super) fn expired(&self, stage: Stage) -> RequestError {
        let waited = self.started.map_or(Duration::ZERO, |started| started.elapsed());
        self.shared().counters.expire(stage);
        let members = self.shared().log.lock().members();
        tracing::debug!(channel = self.channel.name(), %stage, ?waited, members, "request expired");
        RequestError::Expired { stage, waited, members }
    }
}
