use std::{fmt, hash::Hash, panic::Location, sync::Arc};

use super::{Channel, dead_letters::DeadLetters};
use crate::{
    engine::{AckPolicy, Bury, Durability, Flows, Keeping, Order, Start},
    error::JoinError,
    message::{DeadLetter, Message},
    reader::Receiver,
};

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
    start: Start,
    member: Option<&'a str>,
    declared: bool,
    policy: Option<AckPolicy>,
    dead_letters: Option<Arc<dyn Bury<M>>>,
    ordered: Option<Flows<M>>,
    fair: Option<Flows<M>>,
    latest: Option<Flows<M>>,
    drops: bool,
}

impl<'a, M: Message> GroupOptions<'a, M> {
    pub(super) fn new(channel: &'a Channel<M>, group: &'a str) -> Self {
        Self {
            channel,
            group,
            durability: None,
            start: Start::Next,
            member: None,
            declared: false,
            policy: None,
            dead_letters: None,
            ordered: None,
            fair: None,
            latest: None,
            drops: false,
        }
    }

    /// Where a group that is new starts, instead of at the next message; one that exists goes on where it is.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, JoinError, Start};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").retain(2).open()?;
    /// let mut worker = jobs.join("workers");
    /// for n in 0..5 { jobs.try_send(Job(n))?; worker.try_recv()?; }
    /// let gone = jobs.group("auditors").start(Start::Seq(1)).join();
    /// assert_eq!(gone.err(), Some(JoinError::NotRetained { oldest: 3 }));
    /// assert_eq!(jobs.group("auditors").start(Start::Last(1)).join()?.try_recv()?.seq(), 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// The short form of [`Start::Oldest`]: a group that is new starts at the oldest message that is kept for any reader, instead of the next one sent: but for
    /// what another holds back that acknowledges or has keys. A group that exists goes on where it is.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, TryRecvError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").group("builders").open()?;
    /// jobs.try_send(Job(1))?;
    /// assert_eq!(jobs.join("testers").try_recv().err(), Some(TryRecvError::Empty));
    /// assert_eq!(jobs.group("auditors").from_oldest().join()?.try_recv()?.0, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_oldest(mut self) -> Self {
        self.start = Start::Oldest;
        self
    }

    /// The group goes when its last member leaves, with what it had not taken, instead of holding senders back.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
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
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
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

    /// The group acknowledges: what it hands out holds its place until it is settled, and is delivered again if it is dropped
    /// unsettled. See [`AckPolicy`], and [`Delivery::into_acked`](crate::Delivery::into_acked).
    ///
    /// It is said by the first member to join; a group that was joined without it is not changed. Each delivery clones the
    /// message.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{AckPolicy, Fabric, JoinError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let first = jobs.group("workers").ack(AckPolicy::explicit()).join()?;
    /// let mut second = jobs.join("workers"); // who states nothing takes the group as it is
    /// let other = jobs.group("workers").ack(AckPolicy::explicit().max_deliver(1)).join();
    /// assert_eq!(other.err(), Some(JoinError::Conflict));
    /// jobs.try_send(Job(1))?;
    /// drop(second.try_recv()?); // unsettled
    /// assert_eq!(second.try_recv()?.into_message(), Job(1));
    /// # drop(first);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ack(mut self, policy: AckPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Where a group that acknowledges puts what it gives up, if there is room: without waiting. What finds none, or a closed
    /// channel, is counted and told in a warning. The group keeps that channel open, but for a shutdown: open it with a later
    /// [`shutdown_order`](crate::ChannelBuilder::shutdown_order), and it gets the letters of the last messages, too.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{AckPolicy, DeadLetter, Fabric};
    /// # use stratoswarm_core::examples::Job;
    /// let fabric = Fabric::new();
    /// let dead = fabric.channel::<DeadLetter<Job>>("jobs.dead").shutdown_order(1).open()?;
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).dead_letters(&dead).join()?;
    /// jobs.try_send(Job(1))?;
    /// worker.try_recv()?.into_acked().1.term("no such account");
    /// let letter = dead.join("clerks").try_recv()?.into_message();
    /// assert_eq!(letter.reason.to_string(), "terminated: no such account");
    /// jobs.try_send(letter.message)?; // sent again, after the fix
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dead_letters(mut self, channel: &Channel<DeadLetter<M>>) -> Self {
        self.dead_letters = Some(DeadLetters::to(channel));
        self
    }

    /// Of messages with one key the group works on one at a time: the next is handed out, to any member, when the delivery
    /// before it is dropped or settled. Keys are compared, and not only hashed.
    ///
    /// The function runs under a lock and must not use the channel; a message whose key panics has one of its own. It is the
    /// group's, said by the first member to join. Keys of which there is nothing are kept for their next message: 64, or
    /// twice as many as there are others.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// #[derive(Clone, Debug, PartialEq)]
    /// struct Booking { account: u32, cents: i64 }
    /// impl Message for Booking { type Reply = NoReply; }
    ///
    /// let bookings = Fabric::new().channel::<Booking>("bookings").open()?;
    /// let mut clerk = bookings.group("clerks").ordered_by(|booking: &Booking| booking.account).join()?;
    /// for (account, cents) in [(1, 10), (1, -5), (2, 7)] { bookings.try_send(Booking { account, cents })?; }
    /// let first = clerk.try_recv()?;
    /// assert_eq!((first.account, clerk.try_recv()?.account), (1, 2), "account 1 is busy");
    /// assert!(clerk.try_recv().is_err());
    /// drop(first);
    /// assert_eq!(clerk.try_recv()?.cents, -5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ordered_by<K>(mut self, key: impl Fn(&M) -> K + Send + 'static) -> Self
    where
        K: Hash + Eq + Clone + Send + 'static,
    {
        self.ordered = Some(Flows::new(Order::Ordered, key));
        self
    }

    /// Keys that have something take turns: a message waits for at most one of each other key, and for those of its own before
    /// it. Keys are compared, and not only hashed.
    ///
    /// The function runs under a lock and must not use the channel; a message whose key panics has one of its own. It is the
    /// group's, said by the first member to join. Keys of which there is nothing are kept for their next message: 64, or
    /// twice as many as there are others.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// #[derive(Clone)]
    /// struct Job { tenant: &'static str }
    /// impl Message for Job { type Reply = NoReply; }
    ///
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.group("workers").fair_by(|job: &Job| job.tenant).join()?;
    /// for tenant in ["noisy", "noisy", "noisy", "quiet"] { jobs.try_send(Job { tenant })?; }
    /// let order: Vec<_> = worker.try_iter().map(|job| job.tenant).collect();
    /// assert_eq!(order, ["noisy", "quiet", "noisy", "noisy"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fair_by<K>(mut self, key: impl Fn(&M) -> K + Send + 'static) -> Self
    where
        K: Hash + Eq + Clone + Send + 'static,
    {
        self.fair = Some(Flows::new(Order::Fair, key));
        self
    }

    /// The group holds no sender back: what does not fit into its lane's room drives out the oldest message of that lane which it
    /// has not taken, counted as [missed](crate::Skipped::missed). Other lanes and other readers lose nothing, and what a member
    /// has taken stays its own. A request that is lost so ends as [`Evicted`](crate::RequestError::Evicted), unless another group
    /// has it. It is the group's, said by the first member to join.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job as Frame;
    /// let frames = Fabric::new().channel::<Frame>("frames").capacity(2).open()?;
    /// let mut screen = frames.group("screen").drop_oldest().join()?;
    /// for n in 1..=5 { frames.send(Frame(n)).await?; } // it never waits for the screen
    /// assert_eq!((screen.try_recv()?.0, screen.try_recv()?.0), (4, 5));
    /// assert_eq!(frames.info().readers[0].skipped.missed, 3);
    /// # Ok(()) }
    /// ```
    pub fn drop_oldest(mut self) -> Self {
        self.drops = true;
        self
    }

    /// Of messages with one key the group is handed the newest only, in the place of the oldest that it replaces; the others count
    /// as [conflated](crate::Skipped::conflated). It holds senders back when as many keys wait as there is room; a send
    /// may then wait though its key is among them. Keys take turns, whatever the lanes of their messages. A request that is lost so ends as
    /// [`Evicted`](crate::RequestError::Evicted), unless another group has it.
    ///
    /// Keys are compared, and not only hashed. The function runs under a lock and must not use the channel; a message whose key
    /// panics has one of its own. It is the group's, said by the first member to join.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// #[derive(Clone, Debug, PartialEq)]
    /// struct Price { symbol: &'static str, cents: u32 }
    /// impl Message for Price { type Reply = NoReply; }
    ///
    /// let prices = Fabric::new().channel::<Price>("prices").capacity(3).open()?;
    /// let mut screen = prices.group("screen").latest_by(|price: &Price| price.symbol).join()?;
    /// for (symbol, cents) in [("A", 10), ("B", 20), ("A", 11), ("A", 12)] {
    ///     prices.send(Price { symbol, cents }).await?; // no more than two keys wait
    /// }
    /// assert_eq!(screen.try_recv()?.into_message(), Price { symbol: "A", cents: 12 });
    /// assert_eq!(screen.try_recv()?.into_message(), Price { symbol: "B", cents: 20 });
    /// assert_eq!(prices.info().readers[0].skipped.conflated, 2);
    /// # Ok(()) }
    /// ```
    pub fn latest_by<K>(mut self, key: impl Fn(&M) -> K + Send + 'static) -> Self
    where
        K: Hash + Eq + Clone + Send + 'static,
    {
        self.latest = Some(Flows::new(Order::Latest, key));
        self
    }

    /// A name for this member, which a shutdown's report shows.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
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
    /// The group exists as durable, and was asked for as ephemeral, or acknowledges otherwise than was asked for; or it does
    /// not exist, and was to be [declared](Self::declared); or what it is to start at is not there; or two options do not go
    /// together.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, JoinError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let auditors = (jobs.group("auditors").ephemeral().join()?, jobs.group("auditors").join()?);
    /// assert_eq!(jobs.info().readers[0].members, 2, "who states nothing takes the group as it is");
    /// let worker = jobs.join("workers");
    /// assert_eq!(jobs.group("workers").ephemeral().join().err(), Some(JoinError::Conflict));
    /// # drop((auditors, worker));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn join(mut self) -> Result<Receiver<M>, JoinError> {
        let latest = self.latest.is_some();
        let keeping = self.keeping()?;
        let Self { channel, group, durability, start, member, declared, drops, .. } = self;
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
            if keeping.as_ref().is_some_and(|keeping| !log.may_keep(group, keeping)) {
                return Err(JoinError::Conflict);
            }
            if drops && !log.may_drop(group) {
                return Err(JoinError::Conflict);
            }
            if existing.is_none() {
                log.may_start(start)?;
            }
            let durability = durability.unwrap_or(Durability::Durable);
            let mut joined = log.join(group, durability, start, effects);
            if let Some(keeping) = keeping {
                log.keep(&mut joined, group, keeping);
            }
            if latest {
                log.keep_latest();
            }
            if drops {
                log.drop_oldest(&joined, effects);
            }
            Ok(joined)
        })?;
        Ok(Receiver::new(Arc::clone(channel.shared()), joined, member.unwrap_or(group), at))
    }
}

impl<M: Message> GroupOptions<'_, M> {
    /// How the group is to keep what it hands out, if that was said.
    fn keeping(&mut self) -> Result<Option<Keeping<M>>, JoinError> {
        let (policy, dead_letters) = (self.policy.take(), self.dead_letters.take());
        let (ordered, fair, latest) = (self.ordered.take(), self.fair.take(), self.latest.take());
        if dead_letters.is_some() && policy.is_none() {
            let with = "a group that does not acknowledge";
            return Err(JoinError::Incompatible { option: "dead_letters", with });
        }
        if ordered.is_some() && fair.is_some() {
            return Err(JoinError::Incompatible { option: "fair_by", with: "ordered_by" });
        }
        let flows = ordered.or(fair);
        let keeps = [
            (policy.is_some(), "a group that acknowledges, as what it loses is never settled"),
            (flows.is_some(), "keys, as what waits for one takes a place"),
            (self.drops && latest.is_some(), "drop_oldest, as there is one message of each key"),
        ];
        let with = keeps.into_iter().find(|(keeps, _)| *keeps).map(|(_, with)| with);
        if let Some(with) = with {
            let loses = [(latest.is_some(), "latest_by"), (self.drops, "drop_oldest")];
            if let Some((_, option)) = loses.into_iter().find(|(loses, _)| *loses) {
                return Err(JoinError::Incompatible { option, with });
            }
        }
        let flows = flows.or(latest);
        let stated = policy.is_some() || flows.is_some();
        Ok(stated.then_some(Keeping { policy, dead_letters, flows }))
    }
}

impl<M: Message> fmt::Debug for GroupOptions<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupOptions").field("group", &self.group).finish_non_exhaustive()
    }
}
