//! How the cost grows: with subscribers, senders, handles, readers that wait, requests in flight, channels in one
//! fabric, and the size of a message.

mod channels;
mod fan_out;
mod handles;
mod pending;
mod pieces;
mod senders;
mod size;
mod sparse;
mod subscribers;
mod turnover;
mod waiting;

use std::fmt;

use anyhow::Context as _;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::{
    cases::{Shape, flow},
    measure::median,
    payload::Payload,
    rivals::{BEFORE, Flow, before},
    runtime::Flavor,
};

/// Repetitions of each point, if not stated.
pub(crate) const REPETITIONS: u16 = 3;

/// What is plotted over one quantity.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Series {
    /// For example `subscribers`; the plot's file name.
    #[serde(rename = "series")]
    pub(crate) name: &'static str,
    /// The quantity that grows.
    pub(crate) over: &'static str,
    /// What it costs.
    pub(crate) unit: &'static str,
    /// How it may grow.
    pub(crate) bound: Bound,
    /// One line per contender and runtime.
    pub(crate) lines: Vec<Line>,
}

/// How a cost may grow. What is over it is called so in the report.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    /// Not at all: it is of one operation, and what it goes over should not matter to that. Caches do.
    Flat,
    /// It grows as a search does, and as what leaves the caches: exponent 0.5 at most over the quantities here.
    Logarithmic,
    /// No faster than linearly.
    Linear,
}

impl Bound {
    /// Whether the line keeps to it, from its first point to its last. The rest is left to caches and noise.
    pub(crate) fn holds(self, line: &Line) -> bool {
        match self {
            Self::Flat => line.exponent() <= 0.3,
            Self::Logarithmic => line.exponent() <= 0.5,
            Self::Linear => line.exponent() <= 1.1,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Flat => "flat",
            Self::Logarithmic => "at most logarithmic",
            Self::Linear => "at most linear",
        })
    }
}

/// One contender on one runtime.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    /// Contender and runtime.
    pub(crate) label: String,
    /// Quantity and cost.
    pub(crate) points: Vec<(u64, f64)>,
}

impl Line {
    /// The exponent of the growth from the first point to the last: 0 is flat, 1 linear.
    pub(crate) fn exponent(&self) -> f64 {
        let (Some(&(x0, y0)), Some(&(x1, y1))) = (self.points.first(), self.points.last()) else {
            return 0.0;
        };
        (y1 / y0).ln() / (x1 as f64 / x0 as f64).ln()
    }

    /// The exponent of the steepest step from one point to the next: a flat start may hide it. Noisy.
    pub(crate) fn steepest(&self) -> f64 {
        let steps = self.points.windows(2).map(|step| {
            let ((x0, y0), (x1, y1)) = (step[0], step[1]);
            (y1 / y0).ln() / (x1 as f64 / x0 as f64).ln()
        });
        steps.fold(0.0, f64::max)
    }
}

/// Measures all of it.
///
/// # Errors
/// A run that lost, doubled or damaged a message, or did not end.
pub(crate) fn measure(repetitions: usize, mut done: impl FnMut(&Series)) -> anyhow::Result<Vec<Series>> {
    let mut all = Vec::new();
    let mut add = |series: Vec<Series>| {
        series.iter().for_each(&mut done);
        all.extend(series);
    };
    add(vec![subscribers::measure(repetitions)?]);
    add(vec![sparse::measure(repetitions)?]);
    add(vec![turnover::measure(repetitions)?]);
    add(vec![senders::measure(repetitions)?]);
    add(vec![waiting::measure(repetitions)?]);
    add(vec![handles::measure(repetitions)?]);
    add(vec![pending::measure(repetitions)?]);
    add(fan_out::measure(repetitions)?);
    add(pieces::measure(repetitions)?);
    add(vec![size::measure(repetitions)?]);
    add(channels::measure(repetitions)?);
    Ok(all)
}

/// One contender of a series.
struct Side {
    /// Its name in the lines.
    name: &'static str,
    /// One checked run at one quantity.
    cost: Cost,
}

/// What one operation costs at a quantity.
type Cost = Box<dyn Fn(&Runtime, u64) -> anyhow::Result<f64>>;

impl Side {
    fn new(name: &'static str, cost: impl Fn(&Runtime, u64) -> anyhow::Result<f64> + 'static) -> Self {
        Self { name, cost: Box::new(cost) }
    }

    /// An older revision, where the bench was built with one.
    fn before(cost: impl Fn(&Runtime, u64) -> anyhow::Result<f64> + 'static) -> Option<Self> {
        before(|| Self::new(BEFORE, cost))
    }
}

/// Nanoseconds per message of a [`flow`].
fn flowing<P: Payload, F: Flow<P>>(
    shape: impl Fn(u64) -> Shape + 'static,
) -> impl Fn(&Runtime, u64) -> anyhow::Result<f64> + 'static {
    move |runtime, quantity| flow::<P, F>(runtime, shape(quantity))
}

/// The lines of the contenders on both runtimes.
fn lines(sides: &[Side], quantities: &[u64], repetitions: usize) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for flavor in Flavor::ALL {
        let of_flavor = lines_on(&flavor.build()?, sides, quantities, repetitions)?;
        lines.extend(
            of_flavor.into_iter().map(|line| Line { label: format!("{}, {flavor}", line.label), ..line }),
        );
    }
    Ok(lines)
}

/// The lines of the contenders on one runtime, turn and turn about.
fn lines_on(
    runtime: &Runtime,
    sides: &[Side],
    quantities: &[u64],
    repetitions: usize,
) -> anyhow::Result<Vec<Line>> {
    let mut lines: Vec<Line> =
        sides.iter().map(|side| Line { label: side.name.to_owned(), points: Vec::new() }).collect();
    for &quantity in quantities {
        let mut costs = vec![Vec::with_capacity(repetitions); sides.len()];
        for _ in 0..repetitions {
            for (side, costs) in sides.iter().zip(&mut costs) {
                let cost = (side.cost)(runtime, quantity);
                costs.push(cost.with_context(|| format!("{} at {quantity}", side.name))?);
            }
        }
        for (line, costs) in lines.iter_mut().zip(costs) {
            line.points.push((quantity, median(costs)));
        }
    }
    Ok(lines)
}

/// Every index below `n` once in `n` turns, far apart, for an `n` of the prime factors 2 and 5.
fn scattered(turn: usize, n: usize) -> usize {
    turn * 7_919 % n
}

#[cfg(test)]
mod tests {
    use super::{
        Bound::{Flat, Linear},
        Line, scattered,
    };

    #[test]
    fn every_index_once() {
        let mut all: Vec<usize> = (0..100).map(|turn| scattered(turn, 100)).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..100));
    }

    #[test]
    fn exponents() {
        let line = |points: &[(u64, f64)]| Line { label: String::new(), points: points.to_vec() };
        let linear = line(&[(1, 10.0), (64, 640.0)]);
        assert!(Linear.holds(&linear) && !Flat.holds(&linear));
        assert!(line(&[(1, 10.0), (64, 10.0)]).exponent().abs() < 1e-9);
        assert!(!Linear.holds(&line(&[(1, 10.0), (8, 640.0)])));
        let bent = line(&[(1, 10.0), (2, 10.0), (4, 40.0)]);
        assert!(Linear.holds(&bent) && (bent.steepest() - 2.0).abs() < 1e-9);
    }
}
