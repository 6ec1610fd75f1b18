use std::{collections::HashMap, hash::Hash};

/// Sums of counters over members that come and go: they rise by what the members' rise, and do not fall when one of them goes, as
/// Prometheus would take that for a new beginning and all that is left for news. What a member got between the last look and its
/// end is not in it.
#[derive(Debug)]
pub(super) struct Rising<K, const N: usize> {
    sums: HashMap<K, Seen<N>>,
    members: HashMap<(K, String), Seen<N>>,
    round: u64,
}

#[derive(Debug)]
struct Seen<const N: usize> {
    counts: [u64; N],
    round: u64,
}

impl<K, const N: usize> Default for Rising<K, N> {
    fn default() -> Self {
        Self { sums: HashMap::new(), members: HashMap::new(), round: 0 }
    }
}

impl<K: Hash + Eq + Clone, const N: usize> Rising<K, N> {
    /// Begins a look.
    pub(super) fn begin(&mut self) {
        let round = self.round;
        self.members.retain(|_, seen| seen.round == round);
        self.sums.retain(|_, seen| seen.round == round);
        self.round += 1;
    }

    /// What a member has counted by now.
    pub(super) fn add(&mut self, key: &K, member: &str, counts: [u64; N]) {
        let round = self.round;
        let sums = self.sums.entry(key.clone()).or_insert(Seen { counts: [0; N], round });
        sums.round = round;
        if counts == [0; N] {
            return; // most of many, and nothing to remember
        }
        let seen = self.members.entry((key.clone(), member.to_owned()));
        let seen = seen.or_insert(Seen { counts: [0; N], round });
        for ((sum, now), before) in sums.counts.iter_mut().zip(counts).zip(seen.counts) {
            *sum += now.checked_sub(before).unwrap_or(now); // less than before: another of this name
        }
        *seen = Seen { counts, round };
    }

    /// Their sum; 0 once a look found none of them.
    pub(super) fn sum(&self, key: &K) -> [u64; N] {
        self.sums.get(key).map_or([0; N], |seen| seen.counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_never_fall_and_count_what_was_seen_once() {
        let mut rising = Rising::<&str, 1>::default();
        let mut look = |members: &[(&str, u64)]| {
            rising.begin();
            for (member, count) in members {
                rising.add(&"other", member, [*count]);
            }
            (rising.sum(&"other"), rising.members.len())
        };
        assert_eq!(look(&[("a", 5), ("b", 2), ("idle", 0)]), ([7], 2));
        assert_eq!(look(&[("a", 6), ("b", 2)]), ([8], 2));
        assert_eq!(look(&[("b", 4)]), ([10], 2), "one went");
        assert_eq!(look(&[("b", 4), ("a", 3)]), ([13], 2), "and came anew");
        assert_eq!(look(&[("a", 1)]), ([14], 2), "within one look");
        assert_eq!(look(&[("idle", 0)]), ([14], 1));
        assert_eq!(look(&[("idle", 0)]), ([14], 0), "who is gone is forgotten");
        assert_eq!(look(&[]), ([14], 0));
        assert_eq!(look(&[]), ([0], 0), "and so are all");
    }
}
