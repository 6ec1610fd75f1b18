pub(crate) use self::kind::Held;

#[cfg(not(feature = "chaos"))]
mod kind {
    use std::task::{Context, Poll};

    use super::super::Moment;

    /// Nothing holds an operation up.
    pub(crate) struct Held;

    impl Held {
        #[inline(always)]
        pub(crate) const fn new() -> Self {
            Self
        }

        #[allow(
            clippy::unused_self,
            clippy::needless_pass_by_ref_mut,
            reason = "as with the feature `chaos`"
        )]
        #[inline(always)]
        pub(crate) fn poll<C>(&mut self, _: &C, _: Moment, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
}

#[cfg(feature = "chaos")]
mod kind {
    use std::{
        mem,
        panic::{RefUnwindSafe, UnwindSafe},
        task::{Context, Poll},
    };

    use super::super::{Hold, Moment, chaos::Disturbed};

    /// What holds up an operation, or the next one of a reader.
    pub(crate) struct Held(State);

    enum State {
        New,
        Waits(Hold),
        Over,
    }

    // It is touched by `&mut` alone, and has let go of what panicked.
    impl UnwindSafe for Held {}
    impl RefUnwindSafe for Held {}

    // So a handle or a future with it is as shareable as one without, and as safe to unwind through.
    const _: () = {
        const fn is<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
        is::<Held>();
    };

    impl Held {
        #[inline(always)]
        pub(crate) const fn new() -> Self {
            Self(State::New)
        }

        /// Waits for what holds this operation up, if something does; it is asked for once.
        #[inline]
        pub(crate) fn poll<C: Disturbed>(
            &mut self,
            channel: &C,
            moment: Moment,
            cx: &mut Context<'_>,
        ) -> Poll<()> {
            let mut hold = match mem::replace(&mut self.0, State::Over) {
                State::Over => return Poll::Ready(()),
                State::New => match channel.hold(moment) {
                    Some(hold) => hold,
                    None => return Poll::Ready(()),
                },
                State::Waits(hold) => hold,
            };
            let polled = hold.as_mut().poll(cx);
            if polled.is_pending() {
                self.0 = State::Waits(hold);
            }
            polled
        }

        /// The same for the next operation of a reader: whatever comes after that asks again.
        pub(crate) fn poll_next<C: Disturbed>(&mut self, channel: &C, cx: &mut Context<'_>) -> Poll<()> {
            let polled = self.poll(channel, Moment::Receive, cx);
            if polled.is_ready() {
                self.0 = State::New;
            }
            polled
        }

        /// Whether it waits.
        pub(crate) fn waits(&self) -> bool {
            matches!(self.0, State::Waits(_))
        }
    }
}
