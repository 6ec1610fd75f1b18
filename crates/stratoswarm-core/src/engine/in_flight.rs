use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tokio::time::Instant;

use super::sampled::Handled;
use crate::sync::atomic::{AtomicU32, Ordering};

/// How many deliveries of a reader have a mark of their own; a power of two. Few for the model checker.
const MARKS: usize = if cfg!(loom) { 2 } else { 64 };

/// Set in the mark that all share for whom there is none.
const SHARED: u32 = 1 << 31;

/// Set in the mark of a delivery that is sampled.
const SAMPLED: u32 = 1 << 30;

/// The deliveries that are sampled, by the addresses of their marks.
static SAMPLES: Mutex<BTreeMap<usize, Sample>> = Mutex::new(BTreeMap::new());

/// Since when a delivery is worked on, and where it is told for how long it was.
struct Sample {
    from: Instant,
    weight: u64,
    to: Arc<Handled>,
}

/// Boards that no reader uses. A delivery may outlive its channel, so a board here may still have marks.
static UNUSED: Mutex<Vec<&'static Board>> = Mutex::new(Vec::new());

/// What the members of a group have in flight: the deliveries that exist.
///
/// Each delivery has a mark of its own, so that to take and to drop one is a plain store each, and no contended count.
pub(crate) struct InFlight {
    /// None before the first delivery: an idle channel pays for none.
    board: OnceLock<&'static Board>,
}

/// The marks live for ever, and serve one group after the other: a ticket is one reference, uncounted.
pub(super) struct Board {
    marks: [AtomicU32; MARKS],
    /// Counts the deliveries whose own mark was in use.
    others: AtomicU32,
}

/// Counts a delivery as in flight for as long as it lives; the delivery itself has no `Drop`, so that the message can be
/// moved out of it.
#[derive(Debug)]
pub(crate) struct InFlightGuard(Option<&'static AtomicU32>);

impl InFlight {
    pub(super) fn new() -> Self {
        Self { board: OnceLock::new() }
    }

    /// The ticket of a delivery that is taken from its group's inbox, under the inbox's lock; or from the intake, under the
    /// log's, which happens only while the inbox is empty. So within one group no two are taken at once, which the mark's
    /// load and store need.
    #[inline(always)]
    pub(crate) fn take(&self, position: u64) -> InFlightGuard {
        self.board().take(position)
    }

    /// How many deliveries exist.
    pub(super) fn count(&self) -> u64 {
        self.board.get().map_or(0, |board| board.count())
    }

    #[inline(always)]
    pub(super) fn board(&self) -> &'static Board {
        match self.board.get() {
            Some(board) => board,
            None => self.new_board(),
        }
    }

    #[cold]
    fn new_board(&self) -> &'static Board {
        self.board.get_or_init(|| reuse().unwrap_or_else(|| Box::leak(Box::new(Board::new()))))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !cfg!(loom)
            && let Some(board) = self.board.get()
        {
            UNUSED.lock().unwrap_or_else(PoisonError::into_inner).push(board);
        }
    }
}

/// A board that nobody uses and that has no marks. The model checker's belong to one execution.
fn reuse() -> Option<&'static Board> {
    if cfg!(loom) {
        return None;
    }
    let mut unused = UNUSED.lock().unwrap_or_else(PoisonError::into_inner);
    let clean = unused.iter().position(|board| board.count() == 0)?;
    Some(unused.swap_remove(clean))
}

impl Board {
    fn new() -> Self {
        Self { marks: std::array::from_fn(|_| AtomicU32::new(0)), others: AtomicU32::new(SHARED) }
    }

    /// See [`InFlight::take`].
    #[inline(always)]
    pub(super) fn take(&'static self, position: u64) -> InFlightGuard {
        let mark = &self.marks[position as usize % MARKS];
        if mark.load(Ordering::Relaxed) != 0 {
            return self.take_other();
        }
        mark.store(1, Ordering::Relaxed); // who has seen that it is taken, by a lock, sees this too
        InFlightGuard(Some(mark))
    }

    #[cold]
    fn take_other(&'static self) -> InFlightGuard {
        self.others.fetch_add(1, Ordering::Relaxed);
        InFlightGuard(Some(&self.others))
    }

    fn count(&self) -> u64 {
        let own = self.marks.iter().filter(|mark| mark.load(Ordering::Acquire) != 0).count() as u64;
        own + u64::from(self.others.load(Ordering::Acquire) & !SHARED)
    }
}

impl InFlightGuard {
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// Has it told for how long it lives, if it has a mark of its own.
    pub(super) fn sample(&self, to: &Arc<Handled>, from: Instant, weight: u64) {
        let Some(mark) = self.0.filter(|mark| mark.load(Ordering::Relaxed) & SHARED == 0) else { return };
        let sample = Sample { from, weight, to: Arc::clone(to) };
        SAMPLES.lock().unwrap_or_else(PoisonError::into_inner).insert(address(mark), sample);
        mark.store(1 | SAMPLED, Ordering::Relaxed);
    }

    /// Nobody works on it: it is told nothing of.
    pub(crate) fn forget_sample(&self) {
        if let Some(mark) = self.0
            && mark.load(Ordering::Relaxed) & (SHARED | SAMPLED) == SAMPLED
        {
            SAMPLES.lock().unwrap_or_else(PoisonError::into_inner).remove(&address(mark));
        }
    }
}

impl Drop for InFlightGuard {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(mark) = self.0 {
            if mark.load(Ordering::Relaxed) & (SHARED | SAMPLED) == 0 {
                mark.store(0, Ordering::Release);
            } else {
                let_go(mark);
            }
        }
    }
}

fn address(mark: &'static AtomicU32) -> usize {
    std::ptr::from_ref(mark).addr()
}

/// Gives back a mark that is shared, or that is of a delivery which is sampled.
#[inline(never)]
fn let_go(mark: &'static AtomicU32) {
    if mark.load(Ordering::Relaxed) & SHARED != 0 {
        mark.fetch_sub(1, Ordering::Release);
        return;
    }
    // Taken out before the mark is free for another.
    let sample = SAMPLES.lock().unwrap_or_else(PoisonError::into_inner).remove(&address(mark));
    mark.store(0, Ordering::Release);
    if let Some(sample) = sample {
        sample.to.record(sample.from, sample.weight);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn counts_the_tickets_that_exist() {
        let in_flight = InFlight::new();
        assert_eq!(in_flight.count(), 0);
        let mut tickets: Vec<_> = (0..10).map(|position| in_flight.take(position)).collect();
        assert_eq!(in_flight.count(), 10);
        tickets.truncate(4);
        assert_eq!(in_flight.count(), 4);
        drop(tickets);
        assert_eq!(in_flight.count(), 0);
    }

    #[test]
    fn a_ticket_held_for_long_is_counted_beside_the_next_in_its_place() {
        let in_flight = InFlight::new();
        let old = in_flight.take(3);
        let new = in_flight.take(3 + MARKS as u64);
        assert_eq!(in_flight.count(), 2);
        drop(old);
        assert_eq!(in_flight.count(), 1);
        let third = in_flight.take(3 + 2 * MARKS as u64);
        drop(new);
        assert_eq!(in_flight.count(), 1);
        drop(third);
        assert_eq!(in_flight.count(), 0);
    }

    #[test]
    fn a_board_with_marks_serves_no_other_group() {
        let in_flight = InFlight::new();
        let guard = in_flight.take(0);
        drop(in_flight); // the channel is gone, the delivery is not
        let others: Vec<_> = (0..4).map(|_| InFlight::new()).collect();
        for other in &others {
            let _of_its_own = other.take(0);
            assert_eq!(other.count(), 1);
        }
        drop(guard);
        assert!(others.iter().all(|other| other.count() == 0));
    }
}
