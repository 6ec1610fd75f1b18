/// Which lane's turn it is: the most urgent that has something, but that one that waits has its turn once more urgent
/// messages have overtaken it `max` times.
///
/// Lanes are numbered by urgency, 0 the most urgent; a set of them is a mask. The sources of a mux are lanes, too, by their
/// priorities.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bypass {
    max: u32,
    /// How many more urgent messages were taken since each lane has waited.
    overtaken: [u32; super::lane::MOST],
}

impl Bypass {
    /// `max` is at least 1.
    pub(crate) fn new(max: u32) -> Self {
        Self { max: max.max(1), overtaken: [0; super::lane::MOST] }
    }

    /// The lane to take from; none if none waits.
    #[inline]
    pub(crate) fn pick(&self, waiting: u8) -> Option<usize> {
        if waiting == 0 {
            return None;
        }
        let first = waiting.trailing_zeros() as usize;
        if waiting.is_power_of_two() {
            return Some(first); // alone
        }
        let late = (first + 1..self.overtaken.len())
            .filter(|lane| waiting >> lane & 1 == 1 && self.overtaken[*lane] >= self.max);
        // The one overtaken most; of equals the more urgent.
        Some(late.rev().max_by_key(|lane| self.overtaken[*lane]).unwrap_or(first))
    }

    /// How many messages of the lane whose turn it is may be taken before another's turn comes, unless a lane begins to wait.
    pub(crate) fn run(&self, lane: usize, waiting: u8) -> u64 {
        let others = waiting & !(1 << lane);
        if others == 0 {
            return u64::MAX; // alone
        }
        if u32::from(others).trailing_zeros() < lane as u32 {
            return 1; // more urgent ones wait, so it was late
        }
        let left = (lane + 1..self.overtaken.len()).filter(|other| others >> other & 1 == 1);
        left.map(|other| self.max.saturating_sub(self.overtaken[other]).max(1).into()).min().unwrap_or(1)
    }

    /// So many messages of this lane were taken, one after another; these lanes waited.
    #[inline]
    pub(crate) fn took(&mut self, lane: usize, waiting: u8, count: u32) {
        for (other, overtaken) in self.overtaken.iter_mut().enumerate() {
            if other == lane || waiting >> other & 1 == 0 {
                *overtaken = 0;
            } else if other > lane {
                *overtaken = overtaken.saturating_add(count);
            }
        }
    }

    /// This lane begins to wait anew, or turned out not to wait.
    #[inline]
    pub(crate) fn forget(&mut self, lane: usize) {
        self.overtaken[lane] = 0;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The state of a search: how often each lane was overtaken, and how many messages were taken while its head waits.
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    struct State {
        overtaken: [u32; 4],
        waited: [Option<u32>; 4],
    }

    /// Every schedule of arrivals: at each step any set of lanes may get a message before the next is taken.
    fn longest_wait(lanes: usize, max: u32) -> ([u32; 4], [u32; 4]) {
        let (mut longest, mut most_overtaken) = ([0; 4], [0; 4]);
        let start = State { overtaken: [0; 4], waited: [None; 4] };
        let (mut seen, mut open) = (HashSet::from([start]), vec![start]);
        while let Some(state) = open.pop() {
            for arrivals in 0..1u8 << lanes {
                let mut waited = state.waited;
                for lane in (0..lanes).filter(|lane| arrivals >> lane & 1 == 1) {
                    waited[lane].get_or_insert(0);
                }
                let mask = |waited: &[Option<u32>; 4]| {
                    (0..lanes).map(|lane| u8::from(waited[lane].is_some()) << lane).sum::<u8>()
                };
                let bypass = Bypass { max, overtaken: state.overtaken };
                let Some(taken) = bypass.pick(mask(&waited)) else { continue };
                longest[taken] = longest[taken].max(waited[taken].expect("it waits"));
                for lane in (0..lanes).filter(|lane| *lane != taken) {
                    if let Some(waited) = &mut waited[lane] {
                        *waited += 1;
                    }
                }
                // Either the lane has another message at once, which waits from now on, or none.
                for next in [None, Some(0)] {
                    waited[taken] = next;
                    let mut bypass = Bypass { max, overtaken: bypass.overtaken };
                    bypass.took(taken, mask(&waited), 1);
                    for (most, overtaken) in most_overtaken.iter_mut().zip(bypass.overtaken) {
                        *most = overtaken.max(*most);
                    }
                    let next = State { overtaken: bypass.overtaken, waited };
                    if waited.iter().flatten().all(|waited| *waited < 64) && seen.insert(next) {
                        open.push(next);
                    }
                }
            }
        }
        (longest, most_overtaken)
    }

    #[test]
    fn a_lane_that_waits_is_reached_within_the_bound() {
        for lanes in 1..=4 {
            for max in 1..=4 {
                let bound = max + 2 * (lanes as u32 - 1);
                let (longest, overtaken) = longest_wait(lanes, max);
                for lane in 0..lanes {
                    assert!(
                        longest[lane] <= bound,
                        "lanes {lanes}, max {max}, lane {lane}: {}",
                        longest[lane]
                    );
                    assert!(overtaken[lane] <= max + lanes as u32, "it has its turn then");
                }
                if lanes > 1 {
                    assert!(longest[lanes - 1] >= max, "and more urgent ones go first up to then");
                }
            }
        }
    }

    #[test]
    fn a_run_ends_where_anothers_turn_comes() {
        for max in 1..=3 {
            for overtaken in (0..5u32.pow(4)).map(|n| std::array::from_fn(|at| n / 5u32.pow(at as u32) % 5)) {
                for waiting in 1..1u8 << 4 {
                    let start = Bypass { max, overtaken };
                    let lane = start.pick(waiting).expect("some wait");
                    let mut one_by_one = start;
                    let turns = (0..64).take_while(|_| {
                        let same = one_by_one.pick(waiting) == Some(lane);
                        one_by_one.took(lane, waiting, u32::from(same));
                        same
                    });
                    let (turns, run) = (turns.count() as u64, start.run(lane, waiting));
                    assert!(run.min(64) <= turns, "{overtaken:?} {waiting:b}: {run} of {turns}");
                    if start.pick(waiting & !(1 << lane)).is_some_and(|next| next > lane) {
                        assert_eq!(run, turns, "{overtaken:?} {waiting:b}: no shorter than need be");
                    }
                    let (mut whole, count) = (start, run.min(64) as u32);
                    whole.took(lane, waiting, count);
                    let mut steps = start;
                    (0..count).for_each(|_| steps.took(lane, waiting, 1));
                    assert_eq!(whole.overtaken, steps.overtaken, "and counts as each of its messages");
                }
            }
        }
    }

    #[test]
    fn who_turned_out_not_to_wait_was_not_overtaken() {
        let mut bypass = Bypass::new(2);
        bypass.took(0, 0b11, 1);
        bypass.took(0, 0b11, 1);
        assert_eq!(bypass.pick(0b11), Some(1));
        bypass.forget(1);
        assert_eq!(bypass.pick(0b11), Some(0), "another that comes is not late");
    }
}
