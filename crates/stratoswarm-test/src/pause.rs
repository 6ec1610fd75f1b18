use std::{
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use stratoswarm_core::Hold;
use tokio::{task::yield_now, time::sleep};

use crate::{current::current, injected::Injected, lines::Place};

/// What one operation is held up by, in this order.
#[derive(Default)]
pub(crate) struct Pause {
    pub(crate) end: Option<End>,
    pub(crate) yields: u32,
    pub(crate) after: Duration,
    pub(crate) place: Option<Place>,
    /// What it waits for now.
    now: Option<Hold>,
}

/// How a task ends here.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Panic,
    Abort,
}

impl Pause {
    /// Lets others run so often.
    pub(crate) fn of(yields: u32) -> Self {
        Self { yields, ..Self::default() }
    }

    /// Whether it holds nothing up.
    pub(crate) fn is_none(&self) -> bool {
        self.end.is_none() && self.yields == 0 && self.after.is_zero() && self.place.is_none()
    }
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.end {
            Some(End::Panic) => resume_unwind(Box::new(Injected)), // without the hook: it is nobody's fault
            Some(End::Abort) => {
                if let Some(life) = current() {
                    life.end();
                }
                return Poll::Pending; // its task is dropped
            }
            None => {}
        }
        while self.yields > 0 {
            ready!(self.now.get_or_insert_with(|| Box::pin(yield_now())).as_mut().poll(cx));
            self.yields -= 1;
            self.now = None;
        }
        let after = self.after;
        if !after.is_zero() {
            ready!(self.now.get_or_insert_with(|| Box::pin(sleep(after))).as_mut().poll(cx));
            self.after = Duration::ZERO;
        }
        self.place.as_ref().map_or(Poll::Ready(()), |place| place.poll(cx))
    }
}
