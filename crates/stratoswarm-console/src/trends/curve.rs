use std::collections::VecDeque;

/// The most points of a curve.
const POINTS: usize = 128;
/// What is older goes, in microseconds.
const WINDOW: u64 = 60_000_000;
/// A rate over less is chance, in microseconds.
const SHORTEST: u64 = 50_000;

/// A count over time: points, straight lines between them. The younger half of them stands as it was looked at, the older half is
/// thinned again and again, so that what lies further back is known less exactly.
///
/// Times are microseconds.
#[derive(Debug, Default)]
pub(super) struct Curve {
    points: VecDeque<Point>,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    at: u64,
    count: u64,
}

impl Curve {
    /// Adds a point at the end; `at` is not before the last one.
    pub(super) fn add(&mut self, at: u64, count: u64) {
        let ends = (self.points.len().checked_sub(2).and_then(|at| self.points.get(at)), self.points.back());
        if let (Some(&before), Some(&last)) = ends
            && before.count == count
            && last.count == count
        {
            self.points.pop_back(); // a level stretch has two ends
        }
        self.points.push_back(Point { at, count });
        if self.points.len() > POINTS {
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index > POINTS / 2 || index % 2 == 1
            });
        }
        // One point before the window stays, for the line that leads into it.
        while self.points.get(1).is_some_and(|second| at.saturating_sub(second.at) > WINDOW) {
            self.points.pop_front();
        }
    }

    pub(super) fn last(&self) -> Option<u64> {
        self.points.back().map(|last| last.count)
    }

    /// When it begins.
    pub(super) fn begin(&self) -> Option<u64> {
        self.points.front().map(|first| first.at)
    }

    /// When a curve that never falls went above `count`: none if it was above from the beginning, or is not yet.
    pub(super) fn went_above(&self, count: u64) -> Option<u64> {
        let above = self.points.partition_point(|point| point.count <= count);
        let (below, above) = (self.points.get(above.checked_sub(1)?)?, self.points.get(above)?);
        let (part, whole) = (count - below.count, above.count - below.count);
        let time = u128::from(above.at - below.at) * u128::from(part) / u128::from(whole);
        Some(below.at + time as u64)
    }

    /// By how much it rises a second, over the last `span` or what there is of that.
    pub(super) fn rate(&self, span: u64) -> Option<f64> {
        let (first, last) = (self.points.front()?, self.points.back()?);
        let from = last.at.saturating_sub(span).max(first.at);
        let time = last.at - from;
        if time < SHORTEST {
            return None;
        }
        Some((last.count as f64 - self.count_at(from)?) * 1e6 / time as f64)
    }

    fn count_at(&self, at: u64) -> Option<f64> {
        let after = self.points.partition_point(|point| point.at <= at);
        let before = self.points.get(after.checked_sub(1)?)?;
        let Some(after) = self.points.get(after) else { return Some(before.count as f64) };
        let part = (at - before.at) as f64 / (after.at - before.at) as f64;
        Some(before.count as f64 + (after.count as f64 - before.count as f64) * part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENTH: u64 = 100_000;

    #[test]
    fn the_moment_a_count_was_passed_lies_between_two_looks() {
        let mut curve = Curve::default();
        curve.add(1_000_000, 10);
        curve.add(2_000_000, 20);
        assert_eq!(curve.went_above(9), None, "before the first look");
        assert_eq!(curve.went_above(10), Some(1_000_000));
        assert_eq!(curve.went_above(15), Some(1_500_000));
        assert_eq!(curve.went_above(20), None, "not yet");
    }

    #[test]
    fn a_level_stretch_keeps_its_two_ends() {
        let mut curve = Curve::default();
        for at in 0..=50 {
            curve.add(at * TENTH, 7);
        }
        curve.add(51 * TENTH, 8);
        assert_eq!(curve.points.len(), 3);
        assert_eq!(curve.went_above(7), Some(50 * TENTH), "what came at last is not spread over the stretch");
        assert_eq!(curve.rate(1_000_000), Some(1.0), "nor is its rate");
    }

    #[test]
    fn rates_are_of_the_last_second_and_unknown_at_first() {
        let mut curve = Curve::default();
        curve.add(0, 0);
        assert_eq!(curve.rate(1_000_000), None);
        curve.add(10_000, 5);
        assert_eq!(curve.rate(1_000_000), None, "too soon");
        curve.add(500_000, 50);
        assert_eq!(curve.rate(1_000_000), Some(100.0), "of what there is");
        curve.add(2_000_000, 50);
        assert_eq!(curve.rate(1_000_000), Some(0.0));
        assert_eq!(curve.rate(2_000_000), Some(25.0));
    }

    #[test]
    fn it_is_bounded_and_what_is_young_stands_as_it_was_seen() {
        let mut curve = Curve::default();
        for at in 0..36_000 {
            curve.add(at * TENTH, at * 3); // an hour
        }
        assert!(curve.points.len() <= POINTS);
        let now = 35_999;
        let second = curve.points[1].at;
        assert!((now * TENTH - WINDOW..now * TENTH - WINDOW / 3).contains(&second), "{second}");
        assert_eq!(curve.went_above((now - 60) * 3), Some((now - 60) * TENTH));
        assert!(
            curve
                .points
                .iter()
                .rev()
                .take(POINTS / 2)
                .zip((0..=now).rev())
                .all(|(point, at)| point.at == at * TENTH)
        );
    }
}
