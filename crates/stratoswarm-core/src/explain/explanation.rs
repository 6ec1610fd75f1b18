use std::{panic, thread};

use super::{Explainer, Verdict};
use crate::fabric::Fabric;

impl Fabric {
    /// What [`explain`](Self::explain) finds, as text; that all is [quiet](Self::quiet), or that nothing is stuck, if it finds nothing. It
    /// may be called where that may: it waits for no lock for long.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// assert_eq!(fabric.explanation(), "nothing is stuck in one channel\n");
    /// # drop(jobs);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explanation(&self) -> String {
        self.explainer().explanation().unwrap_or_default()
    }

    /// Whether all wait for something to do: a verdict of the kind [`Quiet`](crate::VerdictKind::Quiet), if every task that is known has
    /// waited for messages for two seconds, and there are none. Nothing is wrong then with the channels; [`explain`](Self::explain)
    /// does not tell of it.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let fabric = Fabric::new();
    /// let mut worker = fabric.channel::<Job>("jobs").open()?.join("workers");
    /// let idle = fabric.spawn("worker", async move { worker.recv().await.map(|job| job.0) });
    /// tokio::time::sleep(Duration::from_secs(3)).await;
    /// let quiet = fabric.quiet().ok_or("it waits")?;
    /// assert_eq!(quiet.summary, "the only task waits for messages, and there are none");
    /// assert!(fabric.explain().is_empty(), "and that is no fault");
    /// # drop(idle);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn quiet(&self) -> Option<Verdict> {
        self.explainer().quiet()
    }

    /// Has each panic of the process explained, by whichever thread: behind what the hook says that is there, `tell` gets this
    /// fabric's [explanation](Self::explanation). It keeps no fabric; once that is gone, nothing is told. While this thread
    /// panics, no hook can be set, and nothing happens.
    ///
    /// A handler's panic that is caught, as in [`serve`](crate::patterns::serve), is told like any other. `tell` must not panic: that
    /// would end the process.
    ///
    /// # Examples
    /// ```no_run
    /// # use stratoswarm_core::Fabric;
    /// let fabric = Fabric::new();
    /// fabric.explain_on_panic(|why| eprint!("{why}"));
    /// ```
    pub fn explain_on_panic(&self, tell: impl Fn(&str) + Send + Sync + 'static) {
        if thread::panicking() {
            return;
        }
        let (fabric, before) = (self.downgrade(), panic::take_hook());
        panic::set_hook(Box::new(move |panic| {
            before(panic);
            if let Some(fabric) = fabric.upgrade() {
                tell(&fabric.explanation());
            }
        }));
    }
}

impl Explainer {
    /// As text, what does not move; or else that all is quiet, or that nothing is stuck. None once the fabric is gone.
    fn explanation(&mut self) -> Option<String> {
        let (verdicts, quiet, channels) = self.look_closely()?;
        Some(match (&verdicts[..], quiet) {
            ([], Some(quiet)) => quiet.to_string(),
            ([], None) => format!("nothing is stuck in {}\n", super::text::count(channels as u64, "channel")),
            (stuck, _) => stuck.iter().map(ToString::to_string).collect(),
        })
    }

    /// Whether all wait for something to do, as [`Fabric::quiet`] tells it.
    pub fn quiet(&mut self) -> Option<Verdict> {
        let (verdicts, quiet, _) = self.look_closely()?;
        quiet.filter(|_| verdicts.is_empty())
    }
}
