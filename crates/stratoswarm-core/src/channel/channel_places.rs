//! Room first, the message later.

use std::panic::Location;

use super::{
    Channel, OwnedPermit, Permit, Permits, Reserving,
    reserving::{Place, Places, permits},
    toll::try_reserve,
};
use crate::{
    engine::Admission,
    error::{Closed, ReserveManyError, TrySendError},
    message::{Message, Priority},
    stats::{Caller, WaitKind},
};

impl<M: Message> Channel<M> {
    /// Waits for room and keeps a place.
    ///
    /// # Errors
    /// The channel is closed.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, nothing is kept.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Closed, Fabric};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut backlog = vec![Job(1), Job(2)];
    /// let permit = jobs.reserve().await?; // room first; only then a job leaves the backlog
    /// if let Some(job) = backlog.pop() { permit.send(job); }
    /// assert_eq!((jobs.len(), backlog.len()), (1, 1));
    /// jobs.close();
    /// assert_eq!(jobs.reserve().await.err(), Some(Closed));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn reserve(&self) -> Reserving<'_, M> {
        Reserving::new(self, Location::caller())
    }

    /// Keeps a place, if there is room and no earlier sender waits for it.
    ///
    /// # Errors
    /// [`Full`](TrySendError::Full) or [`Closed`](TrySendError::Closed).
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, TrySendError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
    /// let permit = jobs.try_reserve()?;
    /// assert!(matches!(jobs.try_reserve(), Err(TrySendError::Full(()))));
    /// permit.send(Job(1));
    /// assert_eq!(jobs.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_reserve(&self) -> Result<Permit<'_, M>, TrySendError<()>> {
        let from = Location::caller();
        let reserved = self.shared().with(|log, effects| {
            let lane = log.lane_of(Priority::default);
            match try_reserve(self.shared(), log, lane, 1, effects) {
                Ok(()) => Ok(log.permit(lane, Caller::here(WaitKind::Permit, from))),
                Err(Admission::Closed) => Err(TrySendError::Closed(())),
                Err(_) => Err(TrySendError::Full(())),
            }
        });
        reserved.map(|id| Permit::new(self, id))
    }

    /// Waits for several places at once and keeps them. Who asks for many holds up those behind it until so many are free.
    ///
    /// # Errors
    /// The channel is closed, or has fewer places than that.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, nothing is kept.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(2).open()?;
    /// for (permit, n) in jobs.reserve_many(2).await?.zip(1..) { permit.send(Job(n)); }
    /// assert_eq!(jobs.len(), 2);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn reserve_many(
        &self,
        count: usize,
    ) -> impl Future<Output = Result<Permits<'_, M>, ReserveManyError>> + Send {
        let from = Location::caller();
        async move {
            self.check_places(count)?;
            if count == 0 && !self.is_closed() {
                return Ok(Permits::new(self, Vec::new()));
            }
            let mut places = Places::new(self, count, from);
            let ids = std::future::poll_fn(|cx| places.poll(cx)).await;
            ids.map_or(Err(ReserveManyError::Closed), |ids| Ok(Permits::new(self, ids)))
        }
    }

    /// Keeps several places, if there is room for all of them and no earlier sender waits for it.
    ///
    /// # Errors
    /// [`Full`](TrySendError::Full) or [`Closed`](TrySendError::Closed).
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(2).open()?;
    /// assert!(jobs.try_reserve_many(3).is_err());
    /// assert_eq!(jobs.try_reserve_many(2)?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_reserve_many(&self, count: usize) -> Result<Permits<'_, M>, TrySendError<()>> {
        let from = Location::caller();
        if count == 0 && !self.is_closed() {
            return Ok(Permits::new(self, Vec::new()));
        }
        if count > self.shared().log.lock().most_places() {
            return Err(if self.is_closed() { TrySendError::Closed(()) } else { TrySendError::Full(()) });
        }
        let reserved = self.shared().with(|log, effects| {
            let lane = log.lane_of(Priority::default);
            match try_reserve(self.shared(), log, lane, count, effects) {
                Ok(()) => Ok(permits(log, lane, count, from)),
                Err(Admission::Closed) => Err(TrySendError::Closed(())),
                Err(_) => Err(TrySendError::Full(())),
            }
        });
        reserved.map(|ids| Permits::new(self, ids))
    }

    fn check_places(&self, asked: usize) -> Result<(), ReserveManyError> {
        let capacity = self.shared().log.lock().most_places().min(u32::MAX as usize);
        if asked > capacity {
            return Err(ReserveManyError::TooMany { asked, capacity });
        }
        Ok(())
    }

    /// Keeps a place in a permit that owns this handle, if there is room and no earlier sender waits for it.
    ///
    /// # Errors
    /// [`Full`](TrySendError::Full) or [`Closed`](TrySendError::Closed), with the handle.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
    /// let permit = jobs.clone().try_reserve_owned()?;
    /// let jobs = jobs.try_reserve_owned().unwrap_err().into_inner(); // full: the handle comes back
    /// permit.send(Job(1));
    /// assert_eq!(jobs.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<M>, TrySendError<Self>> {
        let from = Location::caller();
        let reserved = self.shared().with(|log, effects| {
            let lane = log.lane_of(Priority::default);
            let reserved = try_reserve(self.shared(), log, lane, 1, effects);
            reserved.map(|()| log.permit(lane, Caller::here(WaitKind::Permit, from)))
        });
        match reserved {
            Ok(id) => Ok(OwnedPermit::new(self, id)),
            Err(Admission::Closed) => Err(TrySendError::Closed(self)),
            Err(_) => Err(TrySendError::Full(self)),
        }
    }

    /// Waits for room and keeps a place, in a permit that owns this handle.
    ///
    /// # Errors
    /// The channel is closed.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, nothing is kept; the handle is dropped with it.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Closed, Fabric};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
    /// let permit = jobs.clone().reserve_owned().await?;
    /// assert!(jobs.try_send(Job(2)).is_err(), "the place is taken");
    /// tokio::spawn(async move { permit.send(Job(1)) }).await?;
    /// assert_eq!(jobs.len(), 1);
    /// jobs.close();
    /// assert_eq!(jobs.reserve_owned().await.err(), Some(Closed));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn reserve_owned(self) -> impl Future<Output = Result<OwnedPermit<M>, Closed>> + Send {
        let from = Location::caller();
        async move {
            let id = {
                let mut place = Place::new(&self, from);
                std::future::poll_fn(|cx| place.poll(cx)).await?
            };
            Ok(OwnedPermit::new(self, id))
        }
    }
}
