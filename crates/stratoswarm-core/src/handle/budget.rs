use std::{fmt, mem, panic::RefUnwindSafe, sync::Arc, task::Waker};

use crossbeam_utils::CachePadded;

use crate::{
    contain::contain,
    engine::{Effects, Own, Pool, Slot, TicketId, Wakers},
    message::Message,
    request::{AnyResponder, ChargeCell, Charges, Charging, GiveBack},
    stats::BudgetInfo,
    sync::{Mutex, MutexGuard, Rank},
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
/// Of a channel with a budget: one allocation for each message that waits, which is used again for later ones (up to 1,024 are
/// kept), and beyond its minimum the budget's lock twice. Others pay nothing.
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
        let (slot, own) = self.inner.pool.lock().open(channel, minimum as u64)?;
        let purse = Arc::new(Purse { budget: self.clone(), slot, own });
        Ok(Account { to: Arc::<Purse>::clone(&purse), purse })
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
    purse: Arc<Purse>,
    /// The same.
    to: Arc<dyn GiveBack>,
}

/// Where a charge is given back.
struct Purse {
    budget: Budget,
    slot: Slot,
    own: Arc<Own>,
}

impl Purse {
    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.budget.inner.pool.lock()
    }
}

impl GiveBack for Purse {
    #[inline]
    fn give_back(&self, bytes: u64) {
        if !self.own.try_give_back(bytes) {
            self.budget.with(|pool, wakers| pool.give_back(self.slot, bytes, wakers));
        }
    }
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
        self.try_take(bytes).then(|| self.charged(bytes))
    }

    /// The same, to be made a [charge](Self::charged), or what lies [beside](Self::beside) a message.
    #[inline]
    pub(crate) fn try_take(&self, bytes: u64) -> bool {
        self.purse.own.try_charge(bytes) || self.purse.pool().try_charge(self.purse.slot, bytes)
    }

    /// What lies beside a message for which so much was taken, if nothing else does.
    #[inline]
    pub(crate) fn beside(&self, charges: &mut Charges, bytes: u64) -> AnyResponder {
        charges.take(&self.to, bytes)
    }

    /// The same, or waits.
    pub(crate) fn charge_or_wait(&self, bytes: u64, waker: &Waker) -> Result<Charge, Ticket> {
        let charged = self.purse.pool().charge_or_wait(self.purse.slot, bytes, waker);
        match charged {
            Ok(()) => Ok(self.charged(bytes)),
            Err(id) => Err(Ticket { purse: Arc::clone(&self.purse), id }),
        }
    }

    /// Charges for a message what it weighs in the place of what its permit was charged.
    pub(crate) fn exchange(&self, instead: u64, bytes: u64) -> Charge {
        let Purse { budget, slot, .. } = &*self.purse;
        budget.with(|pool, wakers| pool.exchange(*slot, instead, bytes, wakers));
        self.charged(bytes)
    }

    /// Gives back what a permit was charged.
    pub(crate) fn give_back(&self, bytes: u64) {
        self.purse.give_back(bytes);
    }

    /// Nothing more comes in but by permits: its minimum is free for others.
    pub(crate) fn close(&self) {
        let Purse { budget, slot, .. } = &*self.purse;
        budget.with(|pool, wakers| pool.close(*slot, wakers));
    }

    /// How many bytes are charged to the channel.
    pub(crate) fn used(&self) -> u64 {
        self.purse.pool().used(self.purse.slot)
    }

    pub(crate) fn info(&self) -> BudgetInfo {
        self.purse.budget.info()
    }

    /// So much was taken.
    #[inline]
    pub(crate) fn charged(&self, bytes: u64) -> Charge {
        Charge { purse: Arc::clone(&self.purse), bytes }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let Purse { budget, slot, .. } = &*self.purse;
        budget.with(|pool, wakers| pool.leave(*slot, wakers));
    }
}

/// What was charged. It is given back when this is dropped, which must be outside of every lock, as it wakes others.
pub(crate) struct Charge {
    purse: Arc<Purse>,
    bytes: u64,
}

impl Charge {
    /// What lies beside a message that is charged. `charges`: where one may be that is not used.
    #[inline]
    pub(crate) fn beside(mut self, charges: Option<&mut Charges>, expiry: AnyResponder) -> AnyResponder {
        match charges {
            Some(charges) if !expiry.is_some() => {
                let to: Arc<dyn GiveBack> = Arc::<Purse>::clone(&self.purse);
                charges.take(&to, mem::take(&mut self.bytes))
            }
            _ => AnyResponder::first(Arc::new(ChargeCell::new(self, expiry))),
        }
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
        let bytes = mem::take(&mut self.bytes);
        if !self.purse.own.try_give_back(bytes) {
            let mut wakers = Wakers::new();
            self.purse.pool().give_back(self.purse.slot, bytes, &mut wakers);
            effects.wake_all(wakers);
        }
    }
}

impl Charging for Charge {}

impl Drop for Charge {
    #[inline]
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.purse.give_back(self.bytes);
        }
    }
}

/// A wait for bytes. Dropped, it waits no more; what it was granted goes to the next.
pub(crate) struct Ticket {
    purse: Arc<Purse>,
    /// 0 once it is over.
    id: TicketId,
}

impl Ticket {
    /// What was waited for, if it is there. Called under the log's lock.
    pub(crate) fn fetch<M>(&mut self, waker: &Waker, effects: &mut Effects<M>) -> Option<Charge> {
        let fetched = self.purse.pool().fetch(self.purse.slot, self.id, waker);
        match fetched {
            Ok(bytes) => {
                self.id = 0;
                Some(Charge { purse: Arc::clone(&self.purse), bytes })
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
        let own = self.purse.pool().cancel(self.purse.slot, id, &mut wakers);
        effects.drop_waker(own);
        effects.wake_all(wakers);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.id > 0 {
            let Purse { budget, slot, .. } = &*self.purse;
            let own = budget.with(|pool, wakers| pool.cancel(*slot, self.id, wakers));
            contain(|| drop(own));
        }
    }
}
