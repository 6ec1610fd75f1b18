use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    time::Duration,
};

use tokio::{runtime::Builder, time::sleep};

use crate::{Kit, Outcome, Tally, panics, plan::Plan};

/// One run of a test, and what came of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    /// Why it failed.
    pub(crate) failed: Option<String>,
    pub(crate) tally: Tally,
    /// The tasks that a fault has ended.
    pub(crate) ended: Vec<String>,
    /// Whether it was recorded.
    pub(crate) is_recorded: bool,
}

/// Runs the test once, on a runtime of its own whose clock is paused.
pub(crate) fn run<F, Fut>(test: &str, plan: Plan, limit: Duration, body: &F) -> Run
where
    F: Fn(Kit) -> Fut,
    Fut: Future<Output: Outcome>,
{
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(true);
    #[cfg(tokio_unstable)]
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&plan.seed.to_le_bytes()));
    let runtime = match builder.build() {
        Ok(runtime) => runtime,
        Err(error) => return Run { failed: Some(format!("no runtime: {error}")), ..Run::default() },
    };
    panics::quietly(|| {
        let run = runtime.block_on(async {
            let kit = Kit::new(test, plan);
            let failed = outcome(&kit, limit, body).await.err();
            Run { failed, tally: kit.faults(), ended: kit.ended(), is_recorded: kit.finish_recording().await }
        });
        // What is left panics where it is dropped: that is no part of the test.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(runtime)));
        run
    })
}

async fn outcome<F, Fut>(kit: &Kit, limit: Duration, body: &F) -> Result<(), String>
where
    F: Fn(Kit) -> Fut,
    Fut: Future<Output: Outcome>,
{
    let (mut body, mut at_limit) = (pin!(body(kit.clone())), pin!(sleep(limit)));
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(cx)));
        let ended = match polled {
            Ok(Poll::Ready(outcome)) => Poll::Ready(outcome.judge()),
            Ok(Poll::Pending) => Poll::Pending,
            Err(payload) => Poll::Ready(Err(panics::told(&*payload))),
        };
        if let Poll::Ready(crash) = kit.poll_crash(cx) {
            return Poll::Ready(Err(crash));
        }
        if ended.is_pending() && at_limit.as_mut().poll(cx).is_ready() {
            let stuck = format!("nothing ends it within {limit:?} of its clock\n{}", kit.explain());
            return Poll::Ready(Err(stuck));
        }
        ended
    })
    .await
}
