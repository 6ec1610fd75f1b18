use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
    task::Waker,
};

use crossbeam_utils::CachePadded;
use smallvec::SmallVec;

use super::slots::{Slot, Slots};
use crate::{
    stats::BudgetShare,
    sync::atomic::{AtomicU64, Ordering},
};

/// Who is to be woken once the lock is released.
pub(crate) type Wakers = SmallVec<[Waker; 2]>;

/// The number of one wait for bytes. Later waits have greater numbers.
pub(crate) type TicketId = u64;

/// One bound of bytes over several channels: what is charged, and who waits for some.
///
/// Of what there is, each account has its minimum to itself; the rest is shared. Who needs something shared waits in one
/// line; who has room of his own is held up by those of his own account alone.
pub(crate) struct Pool {
    capacity: u64,
    accounts: Slots<Account>,
    /// What accounts have beyond their minima.
    shared_used: u64,
    /// The minima, as far as they are there.
    kept: u64,
    /// The minima, as they were promised.
    promised: u64,
    /// The longest waiting of each account.
    line: BTreeSet<(TicketId, Slot)>,
    tickets: TicketId,
}

/// What an account still has of its minimum, for those who charge and give back without the lock: as long as it keeps within
/// that, nobody else is concerned.
pub(crate) struct Own(CachePadded<AtomicU64>);

/// The account has more than its minimum, or somebody waits there: everything goes by the lock.
const LOCKED: u64 = u64::MAX;

/// More than what there can be of anything.
const MOST: u64 = 1 << 62;

impl Own {
    fn new() -> Arc<Self> {
        Arc::new(Self(CachePadded::new(AtomicU64::new(LOCKED))))
    }

    /// Charges, if that may be without the lock.
    #[inline]
    pub(crate) fn try_charge(&self, bytes: u64) -> bool {
        self.change(|left| left.checked_sub(bytes))
    }

    /// Gives back, if that may be without the lock.
    #[inline]
    pub(crate) fn try_give_back(&self, bytes: u64) -> bool {
        self.change(|left| Some(left + bytes))
    }

    #[inline]
    fn change(&self, to: impl Fn(u64) -> Option<u64>) -> bool {
        let mut left = self.0.load(Ordering::Relaxed);
        while left != LOCKED
            && let Some(next) = to(left)
        {
            match self.0.compare_exchange_weak(left, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => left = now,
            }
        }
        false
    }
}

/// What one channel has.
struct Account {
    own: Arc<Own>,
    channel: Arc<str>,
    promised: u64,
    /// What nobody else can have. Less than was promised while others still have some of it.
    minimum: u64,
    used: u64,
    waiting: BTreeMap<TicketId, Waiting>,
    /// What was charged for those who waited, until they fetch it.
    granted: BTreeMap<TicketId, u64>,
    /// The channel is no more.
    gone: bool,
}

struct Waiting {
    bytes: u64,
    waker: Waker,
}

/// Where there is room for something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Own,
    /// So much of it in what is shared.
    Shared(u64),
    Nowhere,
}

impl Account {
    /// Has everything go by the lock, and knows what was charged without it.
    #[inline]
    fn lock(&mut self) {
        let left = self.own.0.swap(LOCKED, Ordering::AcqRel);
        if left != LOCKED {
            self.used = self.minimum - left;
        }
    }

    /// Lets the others go without the lock again, if they may.
    #[inline]
    fn unlock(&self) {
        let all_there = self.minimum == self.promised && self.minimum > 0;
        if all_there && self.used <= self.minimum && self.waiting.is_empty() {
            self.own.0.store(self.minimum - self.used, Ordering::Release);
        }
    }

    /// What is charged, with the lock or without.
    fn used_now(&self) -> u64 {
        match self.own.0.load(Ordering::Acquire) {
            LOCKED => self.used,
            left => self.minimum - left,
        }
    }

    fn beyond(&self) -> u64 {
        self.used.saturating_sub(self.minimum)
    }

    /// What it had beyond its minimum if this much more were charged, and does not have now.
    fn more_beyond(&self, bytes: u64) -> u64 {
        (self.used + bytes).saturating_sub(self.minimum) - self.beyond()
    }
}

impl Pool {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity: capacity.min(MOST),
            accounts: Slots::new(),
            shared_used: 0,
            kept: 0,
            promised: 0,
            line: BTreeSet::new(),
            tickets: 0,
        }
    }

    /// An account more, with a minimum of its own; what all minima would be together, if that is too much. As far as others
    /// have some of it, it is there when they give it back.
    pub(crate) fn open(&mut self, channel: &Arc<str>, minimum: u64) -> Result<(Slot, Arc<Own>), u64> {
        let minimum = minimum.min(MOST);
        let promised = self.promised.saturating_add(minimum);
        if promised > self.capacity {
            return Err(promised);
        }
        self.promised = promised;
        let there = minimum.min(self.shared_free());
        self.kept += there;
        let own = Own::new();
        let account = Account {
            own: Arc::clone(&own),
            channel: Arc::clone(channel),
            promised: minimum,
            minimum: there,
            used: 0,
            waiting: BTreeMap::new(),
            granted: BTreeMap::new(),
            gone: false,
        };
        account.unlock();
        Ok((self.accounts.insert(account), own))
    }

    /// Nothing more is to be charged to an account, but by permits that are out: nobody waits there any more, and its minimum
    /// is free for the others.
    pub(crate) fn close(&mut self, slot: Slot, wakers: &mut Wakers) {
        let Some(account) = self.accounts.get_mut(slot) else { return };
        account.lock();
        if let Some((first, _)) = account.waiting.first_key_value() {
            self.line.remove(&(*first, slot));
        }
        wakers.extend(mem::take(&mut account.waiting).into_values().map(|waiting| waiting.waker));
        self.shared_used -= account.beyond();
        account.used -= mem::take(&mut account.granted).into_values().sum::<u64>();
        self.promised -= mem::take(&mut account.promised);
        self.kept -= mem::take(&mut account.minimum);
        self.shared_used += account.beyond();
        self.serve(slot, wakers);
    }

    /// The channel of an account is no more. The account goes with the last that is charged to it.
    pub(crate) fn leave(&mut self, slot: Slot, wakers: &mut Wakers) {
        self.close(slot, wakers);
        if let Some(account) = self.accounts.get_mut(slot) {
            account.gone = true;
            self.forget(slot);
        }
    }

    fn forget(&mut self, slot: Slot) {
        if self.accounts.get(slot).is_some_and(|account| account.gone && account.used == 0) {
            self.accounts.remove(slot);
        }
    }

    // ---- charges

    /// Charges, if there is room and nobody before it waits for that.
    pub(crate) fn try_charge(&mut self, slot: Slot, bytes: u64) -> bool {
        let Some(account) = self.accounts.get_mut(slot) else { return false };
        account.lock();
        let charged = self.charge(slot, bytes);
        self.unlock(slot);
        charged
    }

    fn unlock(&self, slot: Slot) {
        self.accounts.get(slot).into_iter().for_each(Account::unlock);
    }

    fn charge(&mut self, slot: Slot, bytes: u64) -> bool {
        let shared = match self.room(slot, bytes) {
            Room::Nowhere => return false,
            Room::Own => 0,
            Room::Shared(_) if !self.line.is_empty() => return false,
            Room::Shared(shared) => shared,
        };
        let Some(account) = self.accounts.get_mut(slot).filter(|account| account.waiting.is_empty()) else {
            return false;
        };
        account.used += bytes;
        self.shared_used += shared;
        true
    }

    /// The same, or waits.
    pub(crate) fn charge_or_wait(&mut self, slot: Slot, bytes: u64, waker: &Waker) -> Result<(), TicketId> {
        let Some(account) = self.accounts.get_mut(slot) else { return Ok(()) };
        account.lock(); // until it is known to wait: what is given back meanwhile must come by
        if self.charge(slot, bytes) {
            self.unlock(slot);
            return Ok(());
        }
        Err(self.wait(slot, bytes, waker))
    }

    /// Waits for so many bytes, behind those who do.
    pub(super) fn wait(&mut self, slot: Slot, bytes: u64, waker: &Waker) -> TicketId {
        let waker = waker.clone(); // before anything is changed: it is somebody else's code
        self.tickets += 1;
        let ticket = self.tickets;
        if let Some(account) = self.accounts.get_mut(slot) {
            account.lock();
            if account.waiting.is_empty() {
                self.line.insert((ticket, slot));
            }
            account.waiting.insert(ticket, Waiting { bytes, waker });
        }
        ticket
    }

    /// Whether what was waited for is charged: it is the caller's from now on. Otherwise its waker is kept current; the old
    /// one, if it was replaced.
    pub(crate) fn fetch(
        &mut self,
        slot: Slot,
        ticket: TicketId,
        waker: &Waker,
    ) -> Result<u64, Option<Waker>> {
        let Some(account) = self.accounts.get_mut(slot) else { return Err(None) };
        if let Some(bytes) = account.granted.remove(&ticket) {
            return Ok(bytes);
        }
        let waiting = account.waiting.get_mut(&ticket).filter(|waiting| !waiting.waker.will_wake(waker));
        Err(waiting.map(|waiting| mem::replace(&mut waiting.waker, waker.clone())))
    }

    /// Whoever had this number waits no more; the waker it had.
    pub(crate) fn cancel(&mut self, slot: Slot, ticket: TicketId, wakers: &mut Wakers) -> Option<Waker> {
        let account = self.accounts.get_mut(slot)?;
        if let Some(bytes) = account.granted.remove(&ticket) {
            self.give_back(slot, bytes, wakers);
            return None;
        }
        let waiting = account.waiting.remove(&ticket)?;
        if self.line.remove(&(ticket, slot)) {
            self.line.extend(account.waiting.keys().next().map(|next| (*next, slot)));
            self.serve(slot, wakers); // what it waited for may be enough for those behind it
            self.unlock(slot);
        }
        Some(waiting.waker)
    }

    /// Gives back what was charged.
    pub(crate) fn give_back(&mut self, slot: Slot, bytes: u64, wakers: &mut Wakers) {
        let Some(account) = self.accounts.get_mut(slot) else { return };
        account.lock();
        let before = account.beyond();
        account.used -= bytes;
        self.shared_used -= before - account.beyond();
        if account.gone && account.used == 0 {
            self.forget(slot);
        }
        if !self.line.is_empty() || self.kept < self.promised {
            self.serve(slot, wakers);
        }
        self.unlock(slot);
    }

    /// Charges one amount in the place of another, whether or not there is room for it: of a permit, whose message cannot wait.
    pub(crate) fn exchange(&mut self, slot: Slot, instead: u64, bytes: u64, wakers: &mut Wakers) {
        let Some(account) = self.accounts.get_mut(slot) else { return };
        account.lock();
        let shared = account.more_beyond(bytes);
        account.used += bytes;
        self.shared_used += shared;
        self.give_back(slot, instead, wakers);
    }

    // ---- rooms

    /// How much of what is shared is free.
    fn shared_free(&self) -> u64 {
        (self.capacity - self.kept).saturating_sub(self.shared_used)
    }

    /// Where there is room for so many bytes of an account. What is larger than all it could ever have comes in alone: where
    /// the account has nothing, and of what is shared nobody has something.
    #[inline]
    fn room(&self, slot: Slot, bytes: u64) -> Room {
        let Some(account) = self.accounts.get(slot) else { return Room::Nowhere };
        match account.more_beyond(bytes) {
            0 => Room::Own,
            more if more <= self.shared_free() => Room::Shared(more),
            more if account.used == 0 && self.shared_used == 0 => Room::Shared(more),
            _ => Room::Nowhere,
        }
    }

    /// Grants what can be granted, after something of this account, or of what is shared, became free.
    #[cold]
    fn serve(&mut self, slot: Slot, wakers: &mut Wakers) {
        if self.kept < self.promised {
            self.fill_minima(wakers);
        }
        self.serve_own(slot, wakers);
        while let Some((_, slot)) = self.line.first().copied()
            && let Some(bytes) = self.first_of(slot)
            && self.room(slot, bytes) != Room::Nowhere
        {
            self.grant(slot, wakers);
            self.serve_own(slot, wakers);
        }
    }

    /// Grants those of an account that need nothing of what is shared.
    fn serve_own(&mut self, slot: Slot, wakers: &mut Wakers) {
        while let Some(bytes) = self.first_of(slot)
            && self.room(slot, bytes) == Room::Own
        {
            self.grant(slot, wakers);
        }
    }

    /// What the longest waiting of an account waits for.
    fn first_of(&self, slot: Slot) -> Option<u64> {
        Some(self.accounts.get(slot)?.waiting.first_key_value()?.1.bytes)
    }

    fn grant(&mut self, slot: Slot, wakers: &mut Wakers) {
        let Some(account) = self.accounts.get_mut(slot) else { return };
        let Some((ticket, Waiting { bytes, waker })) = account.waiting.pop_first() else { return };
        self.line.remove(&(ticket, slot));
        self.line.extend(account.waiting.keys().next().map(|next| (*next, slot)));
        self.shared_used += account.more_beyond(bytes);
        account.used += bytes;
        account.granted.insert(ticket, bytes);
        wakers.push(waker);
    }

    /// What is free goes to the minima first that are not there yet.
    #[cold]
    fn fill_minima(&mut self, wakers: &mut Wakers) {
        let mut raised: SmallVec<[Slot; 2]> = SmallVec::new();
        let lacking =
            |(slot, account): (Slot, &Account)| (account.minimum < account.promised).then_some(slot);
        let lacking: SmallVec<[Slot; 4]> = self.accounts.iter().filter_map(lacking).collect();
        for slot in lacking {
            let free = self.shared_free();
            let Some(account) = self.accounts.get_mut(slot) else { continue };
            // What it has beyond its minimum becomes its own, and takes nothing of what is free.
            let more = (account.promised - account.minimum).min(free.saturating_add(account.beyond()));
            self.shared_used -= account.beyond();
            account.minimum += more;
            self.kept += more;
            self.shared_used += account.beyond();
            if more > 0 {
                raised.push(slot);
            }
        }
        raised.into_iter().for_each(|slot| self.serve_own(slot, wakers));
    }

    // ---- figures

    /// What is charged to all, and to each that has a channel.
    pub(crate) fn figures(&self) -> (u64, Vec<BudgetShare>) {
        let accounts = || self.accounts.iter().map(|(_, account)| account);
        let share = |account: &Account| BudgetShare {
            channel: account.channel.to_string(),
            minimum: account.promised as usize,
            used: account.used_now() as usize,
            waiting: account.waiting.len(),
        };
        (accounts().map(Account::used_now).sum(), accounts().filter(|it| !it.gone).map(share).collect())
    }

    /// What is charged to an account.
    pub(crate) fn used(&self, slot: Slot) -> u64 {
        self.accounts.get(slot).map_or(0, Account::used_now)
    }
}

#[cfg(all(test, not(loom)))]
impl Pool {
    /// What must be so at every moment.
    pub(super) fn check(&self) {
        let all: Vec<_> = self.accounts.iter().collect();
        let sum = |of: fn(&Account) -> u64| all.iter().map(|(_, account)| of(account)).sum::<u64>();
        assert_eq!(self.shared_used, sum(Account::beyond));
        assert_eq!((self.kept, self.promised), (sum(|it| it.minimum), sum(|it| it.promised)));
        assert!(self.kept <= self.promised && self.promised <= self.capacity);
        assert!(self.kept == self.promised || self.shared_free() == 0, "a minimum waits for what is free");
        let heads = all.iter().filter_map(|(slot, it)| Some((*it.waiting.keys().next()?, *slot)));
        assert_eq!(self.line, heads.collect());
        for (slot, account) in &all {
            assert!(account.granted.values().sum::<u64>() <= account.used);
            let own = self.first_of(*slot).is_some_and(|bytes| self.room(*slot, bytes) == Room::Own);
            assert!(!own, "somebody waits for what is its own");
        }
        let first = self.line.first().and_then(|(_, slot)| Some((*slot, self.first_of(*slot)?)));
        assert!(
            first.is_none_or(|(slot, bytes)| self.room(slot, bytes) == Room::Nowhere),
            "nobody is served"
        );
    }

    pub(super) fn used_by_all(&self) -> u64 {
        self.figures().0
    }

    /// The largest that an account could ever have without being alone.
    pub(super) fn largest(&self, slot: Slot) -> u64 {
        self.accounts.get(slot).map_or(0, |account| account.minimum) + self.capacity - self.kept
    }

    pub(super) fn is_granted(&self, slot: Slot, ticket: TicketId) -> bool {
        self.accounts.get(slot).is_some_and(|account| account.granted.contains_key(&ticket))
    }
}
