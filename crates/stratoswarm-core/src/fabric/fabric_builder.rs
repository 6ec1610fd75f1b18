use std::{fmt, sync::Arc};

use super::{Fabric, directory::Settings};
#[cfg(feature = "chaos")]
use crate::chaos::Chaos;
use crate::trace::Tracer;

/// Options of a fabric, for all channels that are opened on it. Made by [`Fabric::builder`].
#[derive(Default)]
#[must_use = "call `build`"]
pub struct FabricBuilder {
    settings: Settings,
}

impl FabricBuilder {
    /// So many messages may wait in each channel, in each of its lanes and in each broadcast, whatever is stated where they are
    /// opened; [`retain`](crate::ChannelBuilder::retain) keeps no more. For tests: with 1, what moves only because there is room
    /// does not. With 0 nothing can be opened.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Priority, TrySendError};
    /// # use stratoswarm_core::examples::Job;
    /// let fabric = Fabric::builder().all_capacities(1).build();
    /// let jobs = fabric.channel::<Job>("jobs").capacity(64).lane(Priority::Critical, 16).open()?;
    /// assert_eq!(jobs.capacity(), 1);
    /// jobs.try_send(Job(1))?;
    /// assert_eq!(jobs.try_send(Job(2)), Err(TrySendError::Full(Job(2))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn all_capacities(mut self, messages: usize) -> Self {
        self.settings.capacity = Some(messages);
        self
    }

    /// Who is told of each step of its messages: of sends, requests, and their handling by
    /// groups; see [`StepKind`](crate::StepKind). A message takes along where it belongs ([`Delivery::trace`](crate::Delivery::trace)), and
    /// [`within`](crate::Sending::within) hands that on.
    ///
    /// Its channels go the way of those whose messages expire, so each message costs more. Not traced are broadcasts, channels
    /// that [retain](crate::ChannelBuilder::retain), batches and permits, questions to many and for streams, and what is
    /// [settled](crate::Sending::settled).
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::examples::Job;
    /// use stratoswarm_core::{Fabric, TraceContext, TraceSpan, TraceStep, Tracer};
    ///
    /// struct Printing;
    /// struct Begun(TraceContext);
    ///
    /// impl Tracer for Printing {
    ///     fn begin(&self, step: &TraceStep<'_>) -> Option<Box<dyn TraceSpan>> {
    ///         println!("{:?} on {}, within {:?}", step.kind, step.channel, step.parent);
    ///         Some(Box::new(Begun(TraceContext::new([7; 16], [1; 8], 1))))
    ///     }
    /// }
    /// impl TraceSpan for Begun {
    ///     fn context(&self) -> TraceContext { self.0 }
    ///     fn fail(&mut self, reason: &'static str) { println!("failed: {reason}") }
    /// }
    ///
    /// let jobs = Fabric::builder().tracer(Printing).build().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.send(Job(1)).await?;
    /// let trace = worker.try_recv()?.trace().ok_or("not traced")?;
    /// assert_eq!(trace.to_string(), "00-07070707070707070707070707070707-0101010101010101-01");
    /// # Ok(()) }
    /// ```
    pub fn tracer(mut self, tracer: impl Tracer) -> Self {
        self.settings.tracer = Some(Arc::new(tracer));
        self
    }

    /// Who disturbs its channels, in tests.
    #[cfg(feature = "chaos")]
    pub fn chaos(mut self, chaos: Arc<dyn Chaos>) -> Self {
        self.settings.chaos = Some(chaos);
        self
    }

    /// A fabric without channels.
    pub fn build(self) -> Fabric {
        Fabric::with(self.settings)
    }
}

impl fmt::Debug for FabricBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FabricBuilder")
            .field("all_capacities", &self.settings.capacity)
            .finish_non_exhaustive()
    }
}
