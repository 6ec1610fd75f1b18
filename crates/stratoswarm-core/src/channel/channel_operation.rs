//! What somebody who runs a channel does to it.

use super::Channel;
use crate::{
    error::ResizeError,
    message::{Message, Priority},
};

impl<M: Message> Channel<M> {
    /// Changes how many messages may wait in the lane of a class, from now on: `Normal`'s is the whole channel's where there
    /// are no others.
    ///
    /// A greater capacity lets senders in at once that wait; with a smaller one nobody is admitted until what waits fits.
    /// Nothing is lost. Permits that are out stay good.
    ///
    /// # Errors
    /// A capacity of 0, or a class without a lane of its own.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Priority};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
    /// jobs.try_send(Job(1))?;
    /// assert!(jobs.try_send(Job(2)).is_err(), "full");
    /// jobs.set_capacity(Priority::Normal, 2)?;
    /// jobs.try_send(Job(2))?;
    /// assert_eq!((jobs.len(), jobs.capacity()), (2, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_capacity(&self, priority: Priority, messages: usize) -> Result<(), ResizeError> {
        if messages == 0 {
            return Err(ResizeError::ZeroCapacity);
        }
        self.shared().with(|log, effects| {
            let lane = log.own_lane(priority).ok_or(ResizeError::NoLane)?;
            log.set_capacity(lane, messages as u64, effects);
            Ok(())
        })
    }

    /// Hands nothing more to a group, until [`resume_group`](Self::resume_group): its members wait, and its messages are kept,
    /// in their places. What a member has in work is not touched.
    ///
    /// A [shutdown](crate::Fabric::shutdown) does not wait for it, and reports what it has left. False if there is no group
    /// of this name.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, TryRecvError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.try_send(Job(1))?;
    /// jobs.pause_group("workers");
    /// assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
    /// assert!(jobs.info().readers[0].is_paused);
    /// jobs.resume_group("workers");
    /// assert_eq!(worker.try_recv()?.0, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pause_group(&self, group: &str) -> bool {
        self.shared().with(|log, effects| log.pause(group, true, effects))
    }

    /// Goes on with a group that was [paused](Self::pause_group). False if there is no group of this name.
    pub fn resume_group(&self, group: &str) -> bool {
        self.shared().with(|log, effects| log.pause(group, false, effects))
    }
}
