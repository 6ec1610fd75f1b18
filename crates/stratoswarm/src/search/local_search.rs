use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{
    Problem,
    array_tour::{ArrayTour, Reversal},
};

/// Tours of up to this many cities are not searched but tried all.
const TRY_ALL: usize = 7;

/// The longest segment that an Or-opt move takes elsewhere.
const OR_OPT_SEGMENT: usize = 3;

/// A tour under improvement by 2-opt and Or-opt moves.
///
/// A city is dirty while a move with it may be an improvement (the complement of Bentley's don't-look bits); the tour
/// is a local optimum once none is. Every change since the last [`keep`](Self::keep) can be taken back.
#[derive(Debug, Clone)]
pub struct LocalSearch<'a> {
    problem: &'a Problem,
    tour: ArrayTour,
    length: i64,
    dirty: VecDeque<u32>,
    is_dirty: Vec<bool>,
    journal: Vec<Reversal>,
    kept_length: i64,
}

impl<'a> LocalSearch<'a> {
    /// Begins with `order`, which must be a permutation of the problem's cities; all of them are dirty.
    pub fn new(problem: &'a Problem, order: &[u32]) -> Self {
        let length = problem.distances().tour_length(order);
        Self {
            problem,
            tour: ArrayTour::new(order),
            length,
            dirty: order.iter().copied().collect(),
            is_dirty: vec![true; order.len()],
            journal: Vec::new(),
            kept_length: length,
        }
    }

    /// The tour's length.
    pub fn length(&self) -> i64 {
        self.length
    }

    /// The tour.
    pub fn order(&self) -> &[u32] {
        self.tour.order()
    }

    /// The tour, by value.
    pub fn into_order(self) -> Vec<u32> {
        self.tour.into_order()
    }

    /// Improves until no city is dirty or `stop` is set; then the tour is as good as it has got.
    pub fn optimise(&mut self, stop: &AtomicBool) {
        /// How many cities are looked at between two looks at `stop`.
        const PATIENCE: u32 = 256;
        if self.tour.len() <= TRY_ALL {
            self.try_all();
            return;
        }
        let mut until_look = PATIENCE;
        while let Some(city) = self.dirty.pop_front() {
            self.is_dirty[city as usize] = false;
            while self.improve(city) {}
            until_look -= 1;
            if until_look == 0 {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                until_look = PATIENCE;
            }
        }
    }

    /// Swaps the two neighbouring segments of `first` and `second` cities that follow position `at`: a double bridge,
    /// which 2-opt and Or-opt moves do not undo easily. Of tours with fewer than 8 cities nothing changes.
    ///
    /// Segments are cut so that at least two cities stay outside.
    pub fn double_bridge(&mut self, at: usize, first: usize, second: usize) {
        let cities = self.tour.len();
        if cities <= TRY_ALL {
            return;
        }
        let first = first.clamp(1, cities - 3);
        let second = second.clamp(1, cities - 2 - first);
        let city = |offset: usize| self.tour.at((at + offset) % cities);
        let (before, first_start, first_end) = (city(0), city(1), city(first));
        let (second_start, second_end, after) =
            (city(first + 1), city(first + second), city(first + second + 1));
        let weight = |from, to| self.problem.distances().weight(from, to);
        let gain = weight(before, first_start) + weight(first_end, second_start) + weight(second_end, after)
            - weight(before, second_start)
            - weight(second_end, first_start)
            - weight(first_end, after);
        self.reverse(first_start, second_end);
        self.reverse_after(before, second_end, second_start);
        self.reverse_after(second_end, first_end, first_start);
        self.length -= gain;
        for city in [before, first_start, first_end, second_start, second_end, after] {
            self.mark(city);
        }
    }

    /// Keeps the tour as it is: [`take_back`](Self::take_back) will come back to it.
    pub fn keep(&mut self) {
        self.journal.clear();
        self.kept_length = self.length;
    }

    /// Takes back every change since the last [`keep`](Self::keep), or since the beginning.
    pub fn take_back(&mut self) {
        while let Some(reversal) = self.journal.pop() {
            self.tour.undo(reversal);
        }
        self.length = self.kept_length;
    }

    /// Makes the first improving move that has `city` as an end of a new edge; false if there is none.
    fn improve(&mut self, city: u32) -> bool {
        self.two_opt(city) || self.or_opt(city)
    }

    fn two_opt(&mut self, city: u32) -> bool {
        let distances = self.problem.distances();
        for forward in [true, false] {
            let other = self.step(city, forward);
            let removed = distances.weight(city, other);
            for &near in self.problem.neighbours().of(city) {
                let gain = removed - distances.weight(city, near);
                if gain <= 0 {
                    break;
                }
                let near_other = self.step(near, forward);
                let gain = gain + distances.weight(near, near_other) - distances.weight(other, near_other);
                if gain > 0 {
                    if forward {
                        self.reverse(other, near);
                    } else {
                        self.reverse(city, near_other);
                    }
                    self.length -= gain;
                    for end in [city, other, near, near_other] {
                        self.mark(end);
                    }
                    return true;
                }
            }
        }
        false
    }

    /// Moves a segment that ends in `city` to where that end comes next to one of its near cities.
    fn or_opt(&mut self, city: u32) -> bool {
        let distances = self.problem.distances();
        for forward in [true, false] {
            let before = self.step(city, !forward);
            let mut end = city;
            for _ in 0..OR_OPT_SEGMENT {
                let after = self.step(end, forward);
                let removed = distances.weight(before, city) + distances.weight(end, after)
                    - distances.weight(before, after);
                for &near in self.problem.neighbours().of(city) {
                    let gain = removed - distances.weight(city, near);
                    if gain <= 0 {
                        break;
                    }
                    // In the order of the tour, the segment is from `city` to `end`, or the other way round.
                    let (start, finish) = if forward { (city, end) } else { (end, city) };
                    if self.tour.between(start, near, finish) {
                        continue;
                    }
                    for near_other in [self.tour.next(near), self.tour.previous(near)] {
                        if self.tour.between(start, near_other, finish) {
                            continue;
                        }
                        let gain =
                            gain + distances.weight(near, near_other) - distances.weight(end, near_other);
                        if gain > 0 {
                            self.move_segment(start, finish, city, near, near_other);
                            self.length -= gain;
                            for touched in [before, city, end, after, near, near_other] {
                                self.mark(touched);
                            }
                            return true;
                        }
                    }
                }
                end = after;
            }
        }
        false
    }

    /// Moves the segment from `start` forward to `finish` between the neighbours `near` and `near_other`, so that its
    /// end `joined` comes next to `near`.
    fn move_segment(&mut self, start: u32, finish: u32, joined: u32, near: u32, near_other: u32) {
        let (before, after) = (self.tour.previous(start), self.tour.next(finish));
        let target = if self.tour.next(near) == near_other { near } else { near_other };
        // before [start..finish] [after..target] ... becomes before [after..target] [finish..start] ...
        self.reverse(start, target);
        self.reverse_after(before, target, after);
        let beside_target = if target == near { joined } else { start ^ finish ^ joined };
        if beside_target == start && start != finish {
            self.reverse_after(target, finish, start);
        }
    }

    /// Reverses the way from `from` to `to`, where `from` is a neighbour of `before` and the way leads away from it;
    /// which direction that is depends on what the last reversal turned round.
    fn reverse_after(&mut self, before: u32, from: u32, to: u32) {
        if self.tour.next(before) == from {
            self.reverse(from, to);
        } else {
            self.reverse(to, from);
        }
    }

    fn reverse(&mut self, from: u32, to: u32) {
        let reversal = self.tour.reverse(from, to);
        self.journal.push(reversal);
    }

    #[inline]
    fn step(&self, city: u32, forward: bool) -> u32 {
        if forward { self.tour.next(city) } else { self.tour.previous(city) }
    }

    fn mark(&mut self, city: u32) {
        if !self.is_dirty[city as usize] {
            self.is_dirty[city as usize] = true;
            self.dirty.push_back(city);
        }
    }

    /// The best of all tours; the search's moves need more cities than such a tour has.
    fn try_all(&mut self) {
        self.dirty.clear();
        self.is_dirty.fill(false);
        let mut order = self.tour.order().to_vec();
        let mut best = order.clone();
        let mut best_length = self.length;
        self.permute(&mut order, 1, &mut best, &mut best_length);
        if best_length < self.length {
            self.tour = ArrayTour::new(&best);
            self.length = best_length;
            self.keep();
        }
    }

    fn permute(&self, order: &mut Vec<u32>, fixed: usize, best: &mut Vec<u32>, best_length: &mut i64) {
        if fixed >= order.len() {
            let length = self.problem.distances().tour_length(order);
            if length < *best_length {
                *best_length = length;
                best.clone_from(order);
            }
            return;
        }
        for at in fixed..order.len() {
            order.swap(fixed, at);
            self.permute(order, fixed + 1, best, best_length);
            order.swap(fixed, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        tour::Tour,
        tsplib::{Instance, WeightType},
    };

    fn problem(points: &[(u16, u16)]) -> Problem {
        let points: Vec<_> = points.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect();
        Problem::new(Instance::from_points("t", WeightType::Euc2d, &points).unwrap())
    }

    fn points(cities: std::ops::Range<usize>) -> impl Strategy<Value = Vec<(u16, u16)>> {
        prop::collection::vec((0u16..1000, 0u16..1000), cities)
    }

    /// The tour is a permutation and its length is what the search believes.
    fn assert_sound(search: &LocalSearch<'_>) {
        let tour = Tour::new(search.order().to_vec(), search.order().len()).unwrap();
        assert_eq!(tour.length(search.problem.instance()), search.length());
    }

    #[test]
    fn a_crossed_square_is_uncrossed() {
        let problem = problem(&[(0, 0), (0, 10), (10, 10), (10, 0)]);
        let mut search = LocalSearch::new(&problem, &[0, 2, 1, 3]);
        search.optimise(&AtomicBool::new(false));
        assert_eq!(search.length(), 40);
    }

    #[test]
    fn a_stopped_search_stops_and_keeps_a_tour() {
        let points: Vec<_> =
            (0..2000u16).map(|i| (i.wrapping_mul(7919) % 1009, i.wrapping_mul(4729) % 997)).collect();
        let problem = problem(&points);
        let order: Vec<u32> = (0..2000).collect();
        let mut stopped = LocalSearch::new(&problem, &order);
        stopped.optimise(&AtomicBool::new(true));
        assert!(!stopped.dirty.is_empty());
        assert_sound(&stopped);
    }

    proptest! {
        #[test]
        fn optimising_never_lengthens_and_the_length_is_true(points in points(2..60)) {
            let problem = problem(&points);
            let order: Vec<u32> = (0..points.len() as u32).collect();
            let mut search = LocalSearch::new(&problem, &order);
            let before = search.length();
            search.optimise(&AtomicBool::new(false));
            assert_sound(&search);
            prop_assert!(search.length() <= before);
            prop_assert!(search.dirty.is_empty());
        }

        #[test]
        fn kicks_can_be_taken_back(
            points in points(8..60), kicks in prop::collection::vec((0usize..60, 0usize..60, 0usize..60), 1..6),
        ) {
            let problem = problem(&points);
            let order: Vec<u32> = (0..points.len() as u32).collect();
            let mut search = LocalSearch::new(&problem, &order);
            search.optimise(&AtomicBool::new(false));
            search.keep();
            let (kept, length) = (search.order().to_vec(), search.length());
            for (at, first, second) in kicks {
                search.double_bridge(at % points.len(), first, second);
                assert_sound(&search);
                search.optimise(&AtomicBool::new(false));
                assert_sound(&search);
            }
            search.take_back();
            prop_assert_eq!(search.order(), &kept[..]);
            prop_assert_eq!(search.length(), length);
        }
    }
}
