use std::{fmt, panic::Location, sync::Arc};

use super::Channel;
use crate::{engine::Durability, error::JoinError, message::Message, reader::Receiver};

/// How to join a group; made by [`Channel::group`].
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Message, NoReply};
/// # #[derive(Clone)] struct Job(u32);
/// # impl Message for Job { type Reply = NoReply; }
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let mut builders = jobs.join("builders");
/// jobs.send(Job(1)).await?;
/// let mut auditors = jobs.group("auditors").from_oldest().ephemeral().named("auditor 1").join()?;
/// assert_eq!(auditors.try_recv()?.seq(), 0, "kept for the builders, so still there");
/// # Ok(()) }
/// ```
#[must_use = "call `join`"]
pub struct GroupOptions<'a, M: Message> {
    channel: &'a Channel<M>,
    group: &'a str,
    durability: Option<Durability>,
    from_oldest: bool,
    member: Option<&'a str>,
    declared: bool,
}

impl<'a, M: Message> GroupOptions<'a, M> {
    pub(super) fn new(channel: &'a Channel<M>, group: &'a str) -> Self {
        Self { channel, group, durability: None, from_oldest: false, member: None, declared: false }
    }

    /// A group that is new starts at the oldest message that is kept for any reader, instead of the next one sent. A
    /// group that exists goes on where it is.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message, NoReply, TryRecvError};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// let jobs = Fabric::new().channel::<Job>("jobs").group("builders").open()?;
    /// jobs.try_send(Job(1))?;
    /// assert_eq!(jobs.join("testers").try_recv().err(), Some(TryRecvError::Empty));
    /// assert_eq!(jobs.group("auditors").from_oldest().join()?.try_recv()?.0, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_oldest(mut self) -> Self {
        self.from_oldest = true;
        self
    }

    /// The group goes when its last member leaves, with what it had not taken, instead of holding senders back.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
    /// let visitor = jobs.group("visitors").ephemeral().join()?;
    /// jobs.try_send(Job(1))?;
    /// drop(visitor); // the group goes, and what it had not taken
    /// assert!(jobs.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ephemeral(mut self) -> Self {
        self.durability = Some(Durability::Ephemeral);
        self
    }

    /// The group must be there, declared at the channel's opening or joined before: a name that is misspelt makes no group of
    /// its own, which would get every message, too.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// let jobs = Fabric::new().channel::<Job>("jobs").group("workers").open()?;
    /// let worker = jobs.group("workers").declared().join()?;
    /// let error = jobs.group("wokers").declared().join().unwrap_err().to_string();
    /// assert!(error.starts_with("channel \"jobs\" has no group \"wokers\", only [\"workers\"]"), "{error}");
    /// # drop(worker);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn declared(mut self) -> Self {
        self.declared = true;
        self
    }

    /// A name for this member, which a shutdown's report shows.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// # let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// let forgotten = jobs.group("workers").named("worker 3").join()?;
    /// # drop(jobs);
    /// let report = fabric.shutdown(std::time::Duration::from_secs(1)).await;
    /// assert_eq!(report.held[0].name.as_deref(), Some("worker 3"));
    /// # drop(forgotten);
    /// # Ok(()) }
    /// ```
    pub fn named(mut self, member: &'a str) -> Self {
        self.member = Some(member);
        self
    }

    /// Joins.
    ///
    /// # Errors
    /// The group exists as durable, and was asked for as ephemeral; or it does not exist, and was to be
    /// [declared](Self::declared).
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, JoinError, Message, NoReply};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let auditors = (jobs.group("auditors").ephemeral().join()?, jobs.group("auditors").join()?);
    /// assert_eq!(jobs.info().readers[0].members, 2, "who states nothing takes the group as it is");
    /// let worker = jobs.join("workers");
    /// assert_eq!(jobs.group("workers").ephemeral().join().err(), Some(JoinError::Conflict));
    /// # drop((auditors, worker));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn join(self) -> Result<Receiver<M>, JoinError> {
        let Self { channel, group, durability, from_oldest, member, declared } = self;
        let at = Location::caller();
        let joined = channel.shared().with(|log, effects| {
            let existing = log.durability(group);
            if declared && existing.is_none() {
                let (channel, group) = (channel.name().to_owned(), group.to_owned());
                return Err(JoinError::Undeclared { channel, group, groups: log.group_names() });
            }
            if let (Some(asked), Some(existing)) = (durability, existing)
                && asked != existing
            {
                return Err(JoinError::Conflict);
            }
            Ok(log.join(group, durability.unwrap_or(Durability::Durable), from_oldest, effects))
        })?;
        Ok(Receiver::new(Arc::clone(channel.shared()), joined, member.unwrap_or(group), at))
    }
}

impl<M: Message> fmt::Debug for GroupOptions<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupOptions").field("group", &self.group).finish_non_exhaustive()
    }
}
