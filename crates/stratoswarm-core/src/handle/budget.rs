use std::{fmt, mem, panic::RefUnwindSafe, sync::Arc, task::Waker};

use crossbeam_utils::CachePadded;

use crate::{
    contain::contain,
    engine::{Effects, Pool, Slot, TicketId, Wakers},
    message::Message,
    request::{AnyResponder, ChargeCell, Charging},
    stats::BudgetInfo,
    sync::{Mutex, Rank},
};

/// One bound of bytes over several channels, each with a minimum that no other can use.
///
/// A message is charged its [`weight`](Message::weight) when it has its place in its channel, and given back when every group
/// and subscriber has taken it; a group that [acknowledges](crate::GroupOptions::ack) has when it has settled it, and taps have
/// no say. What is charged never exceeds the budget. A message larger than all that its channel could ever have comes in alone:
/// when its channel has nothing charged, and nobody has anything beyond his minimum.
///
/// So one channel that stalls takes what is shared, and stops no other: those go on with their minima. A minimum that is
/// less than a channel's largest message does not help that one.
///
/// # Backpressure
/// Who finds too little waits, with his place in his channel, until it is given back: behind those of his channel that do, and
/// for what is shared behind those of all channels. Lanes of one channel share one line. [`ChannelInfo::budget`] names those
/// that wait, and [`info`](Self::info) says who has how much.
///
/// # Cost
/// Of a channel with a budget: one allocation a message, the budget's lock twice, and readers take its messages by the way of
/// requests. Others pay nothing.
///
/// [`ChannelInfo::budget`]: crate::ChannelInfo::budget
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use bytes::Bytes;
/// use stratoswarm_core::{Budget, Fabric, Message, NoReply};
///
/// #[derive(Clone)]
/// struct Upload(Bytes);
/// impl Message for Upload {
///     type Reply = NoReply;
///     fn weight(&self) -> usize { self.0.len() }
/// }
/// let upload = |bytes: usize| Upload(vec![0; bytes].into());
///
/// let fabric = Fabric::new();
/// let memory = Budget::new("memory", 1_000);
/// let photos = fabric.channel::<Upload>("photos").budget(&memory, 100).open()?;
/// let videos = fabric.channel::<Upload>("videos").budget(&memory, 100).open()?;
/// videos.send(upload(900)).await?; // all that is not the photos'
/// assert!(videos.try_send(upload(1)).is_err());
/// photos.send(upload(100)).await?; // the videos stall, and the photos go on
/// assert_eq!(memory.used(), 1_000);
/// assert!(fabric.channel::<Upload>("songs").budget(&memory, 900).open().is_err(), "200 are promised already");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Budget {
    inner: Arc<Inner>,
}

struct Inner {
    name: Arc<str>,
    capacity: usize,
    pool: CachePadded<Mutex<Pool>>,
}

// A waker that panics as it is cloned leaves the pool whole, and no other user's code runs under its lock.
impl RefUnwindSafe for Inner {}

impl Budget {
    /// So many bytes. The name is for figures and errors.
    ///
    /// # Examples
    /// See [`Budget`].
    pub fn new(name: &str, bytes: usize) -> Self {
        let pool = CachePadded::new(Mutex::new(Rank::Budget, Pool::new(bytes as u64)));
        Self { inner: Arc::new(Inner { name: name.into(), capacity: bytes, pool }) }
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// How many bytes there are.
    pub fn capacity(&self) -> usize {
        self.inner.capacity
    }

    /// How many bytes are charged.
    pub fn used(&self) -> usize {
        self.inner.pool.lock().figures().0 as usize
    }

    /// What is charged and who waits, by channel.
    ///
    /// # Examples
    /// See [`BudgetInfo`].
    pub fn info(&self) -> BudgetInfo {
        let (used, channels) = self.inner.pool.lock().figures();
        BudgetInfo {
            name: self.name().to_owned(),
            capacity: self.capacity(),
            used: usize::try_from(used).unwrap_or(usize::MAX),
            channels,
        }
    }

    /// An account for a channel; what all minima would be together, if that is too much.
    pub(crate) fn open(&self, channel: &Arc<str>, minimum: usize) -> Result<Account, u64> {
        let slot = self.inner.pool.lock().open(channel, minimum as u64)?;
        Ok(Account { budget: self.clone(), slot })
    }

    fn with<T>(&self, call: impl FnOnce(&mut Pool, &mut Wakers) -> T) -> T {
        let mut wakers = Wakers::new();
        let result = call(&mut self.inner.pool.lock(), &mut wakers);
        if !wakers.is_empty() {
            wake(wakers);
        }
        result
    }
}

#[cold]
fn wake(wakers: Wakers) {
    wakers.into_iter().for_each(|waker| contain(|| waker.wake()));
}

impl PartialEq for Budget {
    /// Whether both are handles of one budget.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for Budget {}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("name", &self.name())
            .field("capacity", &self.capacity())
            .field("used", &self.used())
            .finish()
    }
}

/// What one channel has of a budget. It leaves with the channel.
pub(crate) struct Account {
    budget: Budget,
    slot: Slot,
}

/// More than what anything weighs: sums of it stay numbers.
const MOST: usize = if usize::BITS > 48 { 1 << 48 } else { usize::MAX };

/// What a message weighs, as it says. It is the user's code: to be asked under one lock at most.
#[inline]
pub(crate) fn weigh<M: Message>(message: &M) -> u64 {
    let mut weight = size_of::<M>();
    contain(|| weight = crate::sync::users(|| message.weight()));
    weight.min(MOST) as u64
}

impl Account {
    /// What a permit is charged for a message that is yet to come.
    pub(crate) const fn advance<M>() -> u64 {
        if size_of::<M>() == 0 { 1 } else { size_of::<M>() as u64 }
    }

    /// Charges, if there is room and nobody before it waits for that.
    #[inline]
    pub(crate) fn try_charge(&self, bytes: u64) -> Option<Charge> {
        let charged = self.budget.inner.pool.lock().try_charge(self.slot, bytes);
        charged.then(|| self.charged(bytes))
    }

    /// The same, or waits.
    pub(crate) fn charge_or_wait(&self, bytes: u64, waker: &Waker) -> Result<Charge, Ticket> {
        let mut pool = self.budget.inner.pool.lock();
        if pool.try_charge(self.slot, bytes) {
            drop(pool);
            return Ok(self.charged(bytes));
        }
        let id = pool.wait(self.slot, bytes, waker);
        Err(Ticket { budget: self.budget.clone(), slot: self.slot, id })
    }

    /// Charges for a message what it weighs in the place of what its permit was charged.
    pub(crate) fn exchange(&self, instead: u64, bytes: u64) -> Charge {
        self.budget.with(|pool, wakers| pool.exchange(self.slot, instead, bytes, wakers));
        self.charged(bytes)
    }

    /// Gives back what a permit was charged.
    pub(crate) fn give_back(&self, bytes: u64) {
        self.budget.with(|pool, wakers| pool.give_back(self.slot, bytes, wakers));
    }

    /// Nothing more comes in but by permits: its minimum is free for others.
    pub(crate) fn close(&self) {
        self.budget.with(|pool, wakers| pool.close(self.slot, wakers));
    }

    /// How many bytes are charged to the channel.
    pub(crate) fn used(&self) -> u64 {
        self.budget.inner.pool.lock().used(self.slot)
    }

    pub(crate) fn info(&self) -> BudgetInfo {
        self.budget.info()
    }

    #[inline]
    fn charged(&self, bytes: u64) -> Charge {
        Charge { budget: self.budget.clone(), slot: self.slot, bytes }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.budget.with(|pool, wakers| pool.leave(self.slot, wakers));
    }
}

/// What was charged. It is given back when this is dropped, which must be outside of every lock, as it wakes others.
pub(crate) struct Charge {
    budget: Budget,
    slot: Slot,
    bytes: u64,
}

impl Charge {
    /// What lies beside a message that is charged.
    #[inline]
    pub(crate) fn beside(self, expiry: AnyResponder) -> AnyResponder {
        AnyResponder::first(Arc::new(ChargeCell::new(self, expiry)))
    }

    /// What lies beside a request that is charged. Its readers have shares, as not all get the same beside it.
    pub(crate) fn beside_request(self, request: AnyResponder) -> AnyResponder {
        AnyResponder::first(Arc::new(ChargeCell::new(Arc::new(self), request)))
    }

    /// It is given back by somebody else.
    pub(crate) fn forget(mut self) {
        self.bytes = 0;
    }

    /// Gives it back under the log's lock.
    pub(crate) fn undo<M>(mut self, effects: &mut Effects<M>) {
        let mut wakers = Wakers::new();
        let bytes = mem::take(&mut self.bytes);
        self.budget.inner.pool.lock().give_back(self.slot, bytes, &mut wakers);
        effects.wake_all(wakers);
    }
}

impl Charging for Charge {}

impl Drop for Charge {
    #[inline]
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.with(|pool, wakers| pool.give_back(self.slot, self.bytes, wakers));
        }
    }
}

/// A wait for bytes. Dropped, it waits no more; what it was granted goes to the next.
pub(crate) struct Ticket {
    budget: Budget,
    slot: Slot,
    /// 0 once it is over.
    id: TicketId,
}

impl Ticket {
    /// What was waited for, if it is there. Called under the log's lock.
    pub(crate) fn fetch<M>(&mut self, waker: &Waker, effects: &mut Effects<M>) -> Option<Charge> {
        let fetched = self.budget.inner.pool.lock().fetch(self.slot, self.id, waker);
        match fetched {
            Ok(bytes) => {
                self.id = 0;
                Some(Charge { budget: self.budget.clone(), slot: self.slot, bytes })
            }
            Err(replaced) => {
                effects.drop_waker(replaced);
                None
            }
        }
    }

    /// Waits no more, under the log's lock.
    pub(crate) fn end<M>(mut self, effects: &mut Effects<M>) {
        let mut wakers = Wakers::new();
        let id = mem::take(&mut self.id);
        let own = self.budget.inner.pool.lock().cancel(self.slot, id, &mut wakers);
        effects.drop_waker(own);
        effects.wake_all(wakers);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.id > 0 {
            let own = self.budget.with(|pool, wakers| pool.cancel(self.slot, self.id, wakers));
            contain(|| drop(own));
        }
    }
}
