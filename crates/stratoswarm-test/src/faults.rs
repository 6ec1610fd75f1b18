use std::{ops::Range, time::Duration};

use crate::FaultKind;

/// What happens to a channel, or to all of them: given to [`Kit::on`](crate::Kit::on) or
/// [`Kit::everywhere`](crate::Kit::everywhere).
///
/// Each fault keeps what the channels guarantee: nothing that was accepted is lost to a lossless reader, no deadline passes early,
/// and what is sent by one task to one channel keeps its order. So a program that fails under them has a fault of its own.
///
/// # Examples
/// ```
/// use stratoswarm_test::{Faults, ms};
///
/// let faults = Faults::new().delay(ms(0)..ms(50)).panic_handlers(0.01).late_replies(0.05);
/// assert_ne!(faults, Faults::new());
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "give it to `Kit::on` or `Kit::everywhere`"]
pub struct Faults {
    pub(crate) yields: Option<u32>,
    pub(crate) delay: Option<Range<Duration>>,
    pub(crate) slow_reader: Option<Duration>,
    pub(crate) lose: Option<f64>,
    pub(crate) late_replies: Option<f64>,
    pub(crate) nak_delay: Option<Duration>,
    /// Only as from elsewhere: no channel of one process does it.
    pub(crate) repeat: Option<f64>,
    pub(crate) panic_handlers: Option<f64>,
    pub(crate) panic_tasks: Option<f64>,
    pub(crate) abort_tasks: Option<f64>,
    pub(crate) close_at: Option<Duration>,
}

impl Faults {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Before an operation of the channel up to so many others run; for tasks of [`Kit::spawn`](crate::Kit::spawn), before they
    /// begin, too, if it is [everywhere](crate::Kit::everywhere).
    pub fn yields(mut self, most: u32) -> Self {
        self.yields = Some(most);
        self
    }

    /// A send, a batch, a permit or a request begins so much later, evenly drawn. Those of one task keep their order.
    pub fn delay(mut self, range: Range<Duration>) -> Self {
        self.delay = Some(range);
        self
    }

    /// A reader waits so long before it takes what is there for it, a batch or one message.
    pub fn slow_reader(mut self, pause: Duration) -> Self {
        self.slow_reader = Some(pause);
        self
    }

    /// A lossy reader loses messages, each with this probability: they are counted as missed, and it is told `Lagged` in their
    /// place.
    ///
    /// # Panics
    /// The probability is not between 0 and 1.
    #[track_caller]
    pub fn lose(mut self, probability: f64) -> Self {
        self.lose = Some(part(probability));
        self
    }

    /// Replies to requests with a deadline come too late, each with this probability: the handler did its work and gets its reply
    /// back, and the caller is told at its deadline that it has passed.
    ///
    /// # Panics
    /// The probability is not between 0 and 1.
    #[track_caller]
    pub fn late_replies(mut self, probability: f64) -> Self {
        self.late_replies = Some(part(probability));
        self
    }

    /// Of a group that acknowledges one first delivery in ten is given back before it is handed out, and comes again after so
    /// long, as if another worker had failed on it.
    pub fn nak_delay(mut self, after: Duration) -> Self {
        self.nak_delay = Some(after);
        self
    }

    /// Handlers in [`serve`](stratoswarm_core::patterns::serve) panic before they do anything, each with this probability.
    ///
    /// # Panics
    /// The probability is not between 0 and 1.
    #[track_caller]
    pub fn panic_handlers(mut self, probability: f64) -> Self {
        self.panic_handlers = Some(part(probability));
        self
    }

    /// Tasks of [`Kit::spawn`](crate::Kit::spawn) panic at an operation of the channel with this probability.
    ///
    /// # Panics
    /// The probability is not between 0 and 1.
    #[track_caller]
    pub fn panic_tasks(mut self, probability: f64) -> Self {
        self.panic_tasks = Some(part(probability));
        self
    }

    /// Tasks of [`Kit::spawn`](crate::Kit::spawn) end at an operation of the channel with this probability, as if they had been
    /// aborted or dropped by a `select!`.
    ///
    /// # Panics
    /// The probability is not between 0 and 1.
    #[track_caller]
    pub fn abort_tasks(mut self, probability: f64) -> Self {
        self.abort_tasks = Some(part(probability));
        self
    }

    /// The channel closes so long after the test began.
    pub fn close_at(mut self, after: Duration) -> Self {
        self.close_at = Some(after);
        self
    }

    /// These, and of the others what is not stated here.
    pub(crate) fn or(self, others: &Self) -> Self {
        Self {
            yields: self.yields.or(others.yields),
            delay: self.delay.or_else(|| others.delay.clone()),
            slow_reader: self.slow_reader.or(others.slow_reader),
            lose: self.lose.or(others.lose),
            late_replies: self.late_replies.or(others.late_replies),
            nak_delay: self.nak_delay.or(others.nak_delay),
            repeat: self.repeat.or(others.repeat),
            panic_handlers: self.panic_handlers.or(others.panic_handlers),
            panic_tasks: self.panic_tasks.or(others.panic_tasks),
            abort_tasks: self.abort_tasks.or(others.abort_tasks),
            close_at: self.close_at.or(others.close_at),
        }
    }

    /// These without some kinds.
    pub(crate) fn without(mut self, kinds: &[FaultKind]) -> Self {
        for kind in kinds {
            match kind {
                FaultKind::Yields => self.yields = None,
                FaultKind::Delay => self.delay = None,
                FaultKind::SlowReader => self.slow_reader = None,
                FaultKind::Lose => self.lose = None,
                FaultKind::LateReply => self.late_replies = None,
                FaultKind::Nak => self.nak_delay = None,
                FaultKind::Repeat => self.repeat = None,
                FaultKind::PanicHandler => self.panic_handlers = None,
                FaultKind::PanicTask => self.panic_tasks = None,
                FaultKind::AbortTask => self.abort_tasks = None,
                FaultKind::Close => self.close_at = None,
                FaultKind::Capacities | FaultKind::Interrupt => {}
            }
        }
        self
    }
}

#[track_caller]
fn part(probability: f64) -> f64 {
    assert!(
        (0.0..=1.0).contains(&probability),
        "a probability is between 0 and 1, and this is {probability}"
    );
    probability
}
