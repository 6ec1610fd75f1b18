//! The calls that every kind of reader has, with an example for each kind.

/// For the inherent `impl` of a reader: what it gives, and how one is opened on a channel `jobs`.
macro_rules! reader_calls {
    ($item:ty, $open:literal) => {
        /// Polls for the next message; `None` once there is none and none will come. For futures written by hand.
        ///
        /// A wait that is registered by it is woken like any other, but does not count as woken: what is there is told to
        /// the next reader, too. It ends with the next call of any kind, or the reader.
        ///
        /// # Examples
        /// ```
        /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # use stratoswarm_core::Fabric;
        /// # use stratoswarm_core::examples::Job;
        /// # let fabric = Fabric::new();
        /// let jobs = fabric.channel::<Job>("jobs").open()?;
        #[doc = concat!("let mut reader = ", $open, ";")]
        /// jobs.send(Job(1)).await?;
        /// let next = std::future::poll_fn(|cx| reader.poll_recv(cx)).await;
        /// assert!(next.is_some());
        /// # Ok(()) }
        /// ```
        pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<$item>> {
            self.poll_next_item(cx, false)
        }

        /// Waits for the next message, but no longer than `after`.
        ///
        /// # Errors
        /// [`Timeout`](RecvTimeoutError::Timeout) if none came in time, [`Closed`](RecvTimeoutError::Closed) if none will
        /// come.
        ///
        /// # Cancel safety
        /// Dropped before it is ready, it took nothing.
        ///
        /// # Examples
        /// ```
        /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
        /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # use std::time::Duration;
        /// # use stratoswarm_core::{Fabric, RecvTimeoutError};
        /// # use stratoswarm_core::examples::Job;
        /// # let fabric = Fabric::new();
        /// let jobs = fabric.channel::<Job>("jobs").open()?;
        #[doc = concat!("let mut reader = ", $open, ";")]
        /// let nothing = reader.recv_timeout(Duration::from_secs(1)).await;
        /// assert_eq!(nothing.err(), Some(RecvTimeoutError::Timeout));
        /// jobs.send(Job(1)).await?;
        /// assert!(reader.recv_timeout(Duration::from_secs(1)).await.is_ok());
        /// # Ok(()) }
        /// ```
        pub async fn recv_timeout(&mut self, after: Duration) -> Result<$item, RecvTimeoutError> {
            match timers::within(self.recv(), after).await {
                Some(next) => next.ok_or(RecvTimeoutError::Closed),
                None => Err(RecvTimeoutError::Timeout),
            }
        }

        /// Blocks this thread until the next message, but no longer than `after`.
        ///
        /// # Errors
        /// [`Timeout`](RecvTimeoutError::Timeout) if none came in time, [`Closed`](RecvTimeoutError::Closed) if none will
        /// come.
        ///
        /// # Panics
        /// In async context, as tokio's blocking calls do.
        ///
        /// # Examples
        /// ```
        /// # use std::time::Duration;
        /// # use stratoswarm_core::{Fabric, RecvTimeoutError};
        /// # use stratoswarm_core::examples::Job;
        /// # let fabric = Fabric::new();
        /// let jobs = fabric.channel::<Job>("jobs").open()?;
        #[doc = concat!("let mut reader = ", $open, ";")]
        /// let nothing = reader.blocking_recv_timeout(Duration::from_millis(1));
        /// assert_eq!(nothing.err(), Some(RecvTimeoutError::Timeout));
        /// jobs.close();
        /// let nothing = reader.blocking_recv_timeout(Duration::from_secs(60));
        /// assert_eq!(nothing.err(), Some(RecvTimeoutError::Closed));
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[track_caller]
        pub fn blocking_recv_timeout(&mut self, after: Duration) -> Result<$item, RecvTimeoutError> {
            block_on(self.recv_timeout(after))
        }

        /// An iterator that blocks this thread until the next message, and ends where none will come.
        ///
        /// # Panics
        /// Its `next` panics in async context, as tokio's blocking calls do.
        ///
        /// # Examples
        /// ```
        /// # use stratoswarm_core::Fabric;
        /// # use stratoswarm_core::examples::Job;
        /// # let fabric = Fabric::new();
        /// let jobs = fabric.channel::<Job>("jobs").open()?;
        #[doc = concat!("let mut reader = ", $open, ";")]
        /// let reading = std::thread::spawn(move || reader.blocking_iter().count());
        /// for n in 1..=3 { jobs.blocking_send(Job(n))?; }
        /// jobs.close();
        /// assert_eq!(reading.join().expect("it ends"), 3);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn blocking_iter(&mut self) -> impl Iterator<Item = $item> + '_ {
            std::iter::from_fn(|| self.blocking_recv())
        }

        /// An iterator over what is there, which waits for nothing.
        ///
        /// # Examples
        /// ```
        /// # use stratoswarm_core::Fabric;
        /// # use stratoswarm_core::examples::Job;
        /// # let fabric = Fabric::new();
        /// let jobs = fabric.channel::<Job>("jobs").open()?;
        #[doc = concat!("let mut reader = ", $open, ";")]
        /// for n in 1..=3 { jobs.try_send(Job(n))?; }
        /// assert_eq!(reader.try_iter().count(), 3);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn try_iter(&mut self) -> impl Iterator<Item = $item> + '_ {
            std::iter::from_fn(|| self.try_recv().ok())
        }

        /// How many messages this reader has yet to get of those that were sent.
        ///
        /// # Examples
        /// ```
        /// # use stratoswarm_core::Fabric;
        /// # use stratoswarm_core::examples::Job;
        /// # let fabric = Fabric::new();
        /// let jobs = fabric.channel::<Job>("jobs").capacity(8).open()?;
        #[doc = concat!("let mut reader = ", $open, ";")]
        /// for n in 1..=3 { jobs.try_send(Job(n))?; }
        /// let _ = reader.try_recv()?;
        /// drop(jobs); // which changes nothing here
        /// assert_eq!((reader.len(), reader.is_empty()), (2, false));
        /// assert_eq!((reader.capacity(), reader.name()), (8, "jobs"));
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn len(&self) -> usize {
            self.left() as usize
        }

        /// For the stream: how many items may come yet, if that is known. What is there may be skipped, or another's.
        fn most_to_come(&self) -> (usize, Option<usize>) {
            let over = self.channel().log.lock().is_over();
            (0, over.then(|| self.len()))
        }

        /// Whether [`len`](Self::len) is 0.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// How many messages may wait in the channel.
        pub fn capacity(&self) -> usize {
            self.channel().current_capacity()
        }

        /// The channel's name.
        pub fn name(&self) -> &str {
            &self.channel().name
        }

        /// Closes the channel, for all its handles and readers: nothing more is accepted, senders that wait get their
        /// message back. What is there can be drained. Closing twice is no fault.
        ///
        /// # Examples
        /// ```
        /// # use stratoswarm_core::{Fabric, TrySendError};
        /// # use stratoswarm_core::examples::Job;
        /// # let fabric = Fabric::new();
        /// let jobs = fabric.channel::<Job>("jobs").open()?;
        #[doc = concat!("let mut reader = ", $open, ";")]
        /// jobs.try_send(Job(1))?;
        /// reader.close();
        /// assert_eq!(jobs.try_send(Job(2)), Err(TrySendError::Closed(Job(2))));
        /// assert!(reader.is_closed() && reader.try_recv().is_ok(), "closed, and not drained");
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn close(&self) {
            self.channel().close();
        }

        /// Whether nothing more is accepted: somebody closed the channel, or its last sending handle has gone. What is there
        /// can still be drained.
        pub fn is_closed(&self) -> bool {
            self.channel().log.lock().is_closed()
        }
    };
}

pub(super) use reader_calls;
