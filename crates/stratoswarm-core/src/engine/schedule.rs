/// How many ranks there are at most.
pub(crate) const RANKS: usize = 4;

/// Whose turn it is among ranks: the most urgent that has something, but that one which waits has its turn once more urgent
/// ones have been served so many times meanwhile.
///
/// Ranks are numbered by urgency, 0 the most urgent; a set of them is a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Schedule {
    max_bypass: u32,
    /// How many times more urgent ones were served since each has waited.
    overtaken: [u32; RANKS],
}

impl Schedule {
    /// A bound of 0 is one of 1: two ranks that both wait cannot both go first.
    pub(crate) const fn new(max_bypass: u32) -> Self {
        Self { max_bypass: if max_bypass == 0 { 1 } else { max_bypass }, overtaken: [0; RANKS] }
    }

    /// The rank to serve of those that wait; none if none does.
    #[inline]
    pub(crate) fn pick(&self, waiting: u8) -> Option<usize> {
        let first = waiting.trailing_zeros() as usize;
        if waiting & waiting.wrapping_sub(1) == 0 {
            return (waiting != 0).then_some(first); // alone
        }
        let late = |rank: &usize| waiting >> rank & 1 == 1 && self.overtaken[*rank] >= self.max_bypass;
        // Of several the one that was overtaken most, and of equals the more urgent.
        let latest = (first + 1..RANKS).rev().filter(late).max_by_key(|rank| self.overtaken[*rank]);
        latest.or(Some(first))
    }

    /// A rank was served, and these wait now.
    #[inline]
    pub(crate) fn served(&mut self, rank: usize, waiting: u8) {
        if waiting & !(1 << rank) == 0 {
            self.overtaken = [0; RANKS]; // nobody else waits
            return;
        }
        for (other, overtaken) in self.overtaken.iter_mut().enumerate() {
            if other == rank || waiting >> other & 1 == 0 {
                *overtaken = 0;
            } else if other > rank {
                *overtaken = overtaken.saturating_add(1);
            }
        }
    }

    /// A rank turned out not to wait.
    #[inline]
    pub(crate) fn found_empty(&mut self, rank: usize) {
        self.overtaken[rank] = 0;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// A schedule, who waits, and for how long the head of one of them has.
    type State = (Schedule, u8, u32);

    /// How often others were served before the head of `watched`, at most, whatever comes: at each step any rank may get
    /// something, and any that was served may have more.
    fn longest_wait(ranks: usize, max_bypass: u32, watched: usize) -> u32 {
        let all = (1_u8 << ranks) - 1;
        // A head begins to wait after any history: as the first to come, or behind one that was served.
        let histories = reachable([(Schedule::new(max_bypass), 0, 0)], all, None);
        let begins = histories.into_iter().filter(|(schedule, ..)| schedule.overtaken[watched] == 0);
        let begins = begins.map(|(schedule, waiting, _)| (schedule, waiting | 1 << watched, 0));
        let waits = reachable(begins, all, Some(watched));
        waits.into_iter().map(|(.., waited)| waited).max().unwrap_or(0)
    }

    fn reachable(from: impl IntoIterator<Item = State>, ranks: u8, watched: Option<usize>) -> HashSet<State> {
        let mut open: Vec<State> = from.into_iter().collect();
        let mut seen: HashSet<State> = open.iter().copied().collect();
        while let Some((schedule, waiting, waited)) = open.pop() {
            for arrivals in (0..=ranks).filter(|arrivals| arrivals & !ranks == 0) {
                let waiting = waiting | arrivals;
                let Some(rank) = schedule.pick(waiting) else { continue };
                assert!(waiting >> rank & 1 == 1, "who is served waits");
                if watched == Some(rank) {
                    continue;
                }
                for left in [waiting, waiting & !(1 << rank)] {
                    let mut schedule = schedule;
                    schedule.served(rank, left);
                    let waited = if watched.is_some() { waited + 1 } else { 0 };
                    assert!(waited < 100, "it waits for ever");
                    if seen.insert((schedule, left, waited)) {
                        open.push((schedule, left, waited));
                    }
                }
            }
        }
        seen
    }

    #[test]
    fn whoever_waits_is_served_within_the_bound_whatever_comes() {
        for ranks in 1..=RANKS {
            for max_bypass in 1..=4 {
                for watched in 0..ranks {
                    let longest = longest_wait(ranks, max_bypass, watched);
                    let bound = max_bypass + 2 * (ranks as u32 - 1);
                    let case = format!("{watched} of {ranks}, bound {max_bypass}: {longest}");
                    assert!(longest <= bound, "{case}");
                    assert!(watched == 0 || longest >= max_bypass, "more urgent ones go first: {case}");
                    assert!(ranks > 1 || longest == 0, "{case}");
                }
            }
        }
    }

    #[test]
    fn more_urgent_ones_go_first_until_the_bound() {
        let mut schedule = Schedule::new(3);
        let order: Vec<_> = (0..10)
            .map(|_| {
                let rank = schedule.pick(0b1001).unwrap();
                schedule.served(rank, 0b1001);
                rank
            })
            .collect();
        assert_eq!(order, [0, 0, 0, 3, 0, 0, 0, 3, 0, 0]);
        assert_eq!(schedule.pick(0), None);
    }

    #[test]
    fn who_had_nothing_was_not_overtaken() {
        let mut schedule = Schedule::new(2);
        for _ in 0..10 {
            schedule.served(0, 0b01);
        }
        assert_eq!(schedule.pick(0b11), Some(0));
        schedule.served(0, 0b11);
        schedule.served(0, 0b11);
        assert_eq!(schedule.pick(0b11), Some(1));
        schedule.found_empty(1);
        assert_eq!(schedule.pick(0b11), Some(0), "another that comes is not late");
    }
}
