//! When a question is given up, and how urgent it is: the calls that say it, with an example for each kind.

/// For the inherent `impl` of a builder around an `Asking`: how one is made on a channel `pings`, and how it is awaited.
macro_rules! limit_calls {
    ($make:literal, $wait:literal) => {
        /// Gives up this long after the first poll, instead of after the channel's default timeout.
        ///
        /// # Examples
        /// ```
        /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
        /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # use stratoswarm_core::{Fabric, RequestError, Stage};
        /// # use stratoswarm_core::examples::Ping;
        /// # use std::time::Duration;
        /// let pings = Fabric::new().channel::<Ping>("pings").open()?;
        #[doc = concat!("let ", $make, ".timeout(Duration::from_secs(2));")]
        #[doc = concat!("let silence = ", $wait, "; // nobody ever joined")]
        /// assert!(matches!(silence, Err(RequestError::Expired { stage: Stage::Unserved, .. })));
        /// # Ok(()) }
        /// ```
        pub fn timeout(mut self, after: Duration) -> Self {
            self.asking.limit = Limit::After(after);
            self
        }

        /// Gives up at this time, instead of after the channel's default timeout.
        ///
        /// # Examples
        /// ```
        /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
        /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # use stratoswarm_core::{Fabric, RequestError};
        /// # use stratoswarm_core::examples::Ping;
        /// # use std::time::Duration;
        /// # use tokio::time::Instant;
        /// let pings = Fabric::new().channel::<Ping>("pings").open()?;
        #[doc = concat!("let ", $make, ".deadline(Instant::now());")]
        #[doc = concat!("let silence = ", $wait, "; // no time is left")]
        /// assert!(matches!(silence, Err(RequestError::Expired { .. })));
        /// # Ok(()) }
        /// ```
        pub fn deadline(mut self, at: Instant) -> Self {
            self.asking.limit = Limit::At(at);
            self
        }

        /// Gives up at the latest when the caller of `parent` does, in whose name it is asked: the earlier of that and of its
        /// own timeout or deadline holds.
        ///
        /// # Examples
        /// ```
        /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
        /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # use stratoswarm_core::Fabric;
        /// # use stratoswarm_core::examples::Ping;
        /// # use std::time::Duration;
        /// # use tokio::time::Instant;
        /// let fabric = Fabric::new();
        /// let (outer, pings) = (fabric.channel::<Ping>("outer").open()?, fabric.channel::<Ping>("inner").open()?);
        /// let mut worker = outer.join("workers");
        /// let mut asking = outer.request(Ping).timeout(Duration::from_secs(2));
        /// assert!(futures::poll!(&mut asking).is_pending());
        /// let parent = worker.try_recv()?;
        /// let started = Instant::now();
        #[doc = concat!("let ", $make, ".within(&parent);")]
        #[doc = concat!("assert!(", $wait, ".is_err());")]
        /// assert!(started.elapsed() < Duration::from_secs(3), "not longer than the caller of `outer` waits");
        /// # Ok(()) }
        /// ```
        pub fn within<N: Message>(mut self, parent: &Delivery<N>) -> Self {
            self.asking.parent = parent.deadline();
            self
        }

        /// The class of traffic of this request, whatever [`Message::priority`] says.
        ///
        /// # Examples
        /// ```
        /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
        /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # use stratoswarm_core::{Fabric, Priority, RequestError, Stage};
        /// # use stratoswarm_core::examples::Ping;
        /// let pings = Fabric::new().channel::<Ping>("pings").capacity(1).lane(Priority::Critical, 1).open()?;
        /// let _idle = pings.join("workers");
        /// pings.send(Ping).await?; // no more room for the others
        #[doc = concat!("let ", $make, ".priority(Priority::Critical);")]
        #[doc = concat!("let silence = ", $wait, "; // it had room, but nobody took it")]
        /// assert!(!matches!(silence, Err(RequestError::Expired { stage: Stage::Sending, .. })));
        /// # Ok(()) }
        /// ```
        pub fn priority(mut self, priority: Priority) -> Self {
            self.asking.set_class(priority);
            self
        }
    };
}

pub(super) use limit_calls;
