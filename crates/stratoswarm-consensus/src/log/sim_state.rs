use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};

use super::{AppendError, Stored, dice::Dice, sim_faults::SimFaults, store::Store};

/// How long a sender waits for word that does not come.
const NO_WORD: Duration = Duration::from_secs(2);

/// How long a stalled log takes nothing.
const STALL: Duration = Duration::from_secs(10);

/// What a [`Sim`](crate::Sim) and its nodes share.
pub(super) struct SimState {
    pub(super) world: Mutex<World>,
    /// Wakes in the order of waiting, unlike a watch, of which a course by a seed must not depend.
    pub(super) news: Notify,
    seed: u64,
    began: Instant,
}

pub(super) struct World {
    pub(super) store: Store,
    pub(super) faults: SimFaults,
    pub(super) dice: Dice,
    pub(super) cut: BTreeSet<usize>,
    pub(super) stalled_until: Instant,
    /// By how much its clock is ahead, in milliseconds.
    pub(super) ahead: i64,
}

/// What becomes of an entry.
enum Course {
    Plain,
    Lost,
    AckLost,
    Late(Duration),
    Repeated(Duration),
}

impl SimState {
    pub(super) fn new(seed: u64) -> Self {
        let world = World {
            store: Store::new(),
            faults: SimFaults::none(),
            dice: Dice::new(seed),
            cut: BTreeSet::new(),
            stalled_until: Instant::now(),
            ahead: 0,
        };
        Self { world: Mutex::new(world), news: Notify::new(), seed, began: Instant::now() }
    }

    pub(super) async fn append(self: &Arc<Self>, node: usize, entry: Bytes) -> Result<(), AppendError> {
        let (way, course) = self.draw();
        tokio::time::sleep(way).await;
        let stalled_until = self.world.lock().stalled_until;
        tokio::time::sleep_until(stalled_until).await;
        let is_cut = self.world.lock().cut.contains(&node);
        let course = if is_cut { Course::Lost } else { course };
        match course {
            Course::Plain => self.store(entry)?,
            Course::Lost => return self.no_word().await,
            Course::AckLost => {
                self.store(entry)?;
                return self.no_word().await;
            }
            Course::Late(after) => {
                self.store_later(after, entry);
                return self.no_word().await;
            }
            Course::Repeated(after) => {
                self.store(entry.clone())?;
                self.store_later(after, entry);
            }
        }
        tokio::time::sleep(way).await;
        Ok(())
    }

    fn draw(&self) -> (Duration, Course) {
        let mut world = self.world.lock();
        let faults = world.faults;
        let dice = &mut world.dice;
        let way = Duration::from_micros(200 + dice.below(4_000));
        let most = if dice.in_thousand(500) { 4_000 } else { 600_000 };
        let long = Duration::from_millis(dice.below(most));
        let course = if dice.in_thousand(faults.lose) {
            Course::Lost
        } else if dice.in_thousand(faults.lose_ack) {
            Course::AckLost
        } else if dice.in_thousand(faults.late) {
            Course::Late(long)
        } else if dice.in_thousand(faults.repeat) {
            Course::Repeated(long)
        } else {
            Course::Plain
        };
        if dice.in_thousand(faults.stall) {
            world.stalled_until = Instant::now() + STALL;
        } else if dice.in_thousand(faults.set_clock) {
            world.ahead += i64::try_from(dice.below(20_000)).unwrap_or_default() - 10_000;
        }
        (way, course)
    }

    async fn no_word(&self) -> Result<(), AppendError> {
        tokio::time::sleep(NO_WORD).await;
        Err(AppendError::Unacked)
    }

    fn store_later(self: &Arc<Self>, after: Duration, entry: Bytes) {
        let state = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            // Nobody waits for it: a full log says so to nobody.
            let _ = state.store(entry);
        });
    }

    fn store(&self, entry: Bytes) -> Result<(), AppendError> {
        let stored = {
            let mut world = self.world.lock();
            // An hour, so that a clock set back has where to fall.
            let time = Duration::from_secs(3_600) + self.began.elapsed();
            let time = time.saturating_add_signed(world.ahead);
            world.store.append(time, entry)
        };
        self.news.notify_waiters();
        stored
    }

    /// How long this entry takes to this node: in stretches of sixteen entries, some of them slow.
    pub(super) fn lag(&self, node: usize, stored: &Stored, most: Duration) -> Duration {
        let stretch = (stored.index / 16) << 8 | node as u64;
        let mut dice = Dice::new(self.seed ^ stretch.wrapping_mul(0x9e37_79b9));
        if most > Duration::ZERO && dice.in_thousand(200) {
            Duration::from_millis(dice.below(most.as_millis() as u64))
        } else {
            Duration::from_micros(dice.below(3_000))
        }
    }
}

/// A duration moved by milliseconds, not below zero.
trait Shifted {
    fn saturating_add_signed(self, milliseconds: i64) -> Self;
}

impl Shifted for Duration {
    fn saturating_add_signed(self, milliseconds: i64) -> Self {
        let by = Self::from_millis(milliseconds.unsigned_abs());
        if milliseconds < 0 { self.saturating_sub(by) } else { self.saturating_add(by) }
    }
}
