use std::{fmt, panic::Location};

use super::{Channel, Message, Receiver};
use crate::{engine::Durability, error::JoinError};

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
}

impl<'a, M: Message> GroupOptions<'a, M> {
    pub(super) fn new(channel: &'a Channel<M>, group: &'a str) -> Self {
        Self { channel, group, durability: None, from_oldest: false, member: None }
    }

    /// A group that is new starts at the oldest message that is kept for any reader, instead of the next one sent. A
    /// group that exists goes on where it is.
    pub fn from_oldest(mut self) -> Self {
        self.from_oldest = true;
        self
    }

    /// The group goes when its last member leaves, with what it had not taken, instead of holding senders back.
    pub fn ephemeral(mut self) -> Self {
        self.durability = Some(Durability::Ephemeral);
        self
    }

    /// A name for this member, which a shutdown's report shows.
    pub fn named(mut self, member: &'a str) -> Self {
        self.member = Some(member);
        self
    }

    /// Joins.
    ///
    /// # Errors
    /// The group exists as durable, and was asked for as ephemeral.
    #[track_caller]
    pub fn join(self) -> Result<Receiver<M>, JoinError> {
        let Self { channel, group, durability, from_oldest, member } = self;
        let at = Location::caller();
        channel.try_member(group, durability, from_oldest, member, at)
    }
}

impl<M: Message> fmt::Debug for GroupOptions<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupOptions").field("group", &self.group).finish_non_exhaustive()
    }
}
