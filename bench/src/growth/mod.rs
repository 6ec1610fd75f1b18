//! How the cost grows: with subscribers, senders, channels in one fabric, and the size of a message.

mod channels;
mod senders;
mod size;
mod sparse;
mod subscribers;

use anyhow::Context as _;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::{
    cases::{Shape, flow},
    measure::median,
    payload::Payload,
    rivals::Flow,
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
    /// One line per contender and runtime.
    pub(crate) lines: Vec<Line>,
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

    /// Whether it grows no faster than linearly; a tenth is left to the noise.
    pub(crate) fn is_linear(&self) -> bool {
        self.exponent() <= 1.1
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
    add(vec![senders::measure(repetitions)?]);
    add(vec![size::measure(repetitions)?]);
    add(channels::measure(repetitions)?);
    Ok(all)
}

/// Two contenders, turn and turn about: their medians in nanoseconds per message.
fn versus<P: Payload, A: Flow<P>, B: Flow<P>>(
    runtime: &Runtime,
    shape: Shape,
    repetitions: usize,
) -> anyhow::Result<(f64, f64)> {
    turn_about(
        repetitions,
        || flow::<P, A>(runtime, shape).with_context(|| format!("{} {shape:?}", A::NAME)),
        || flow::<P, B>(runtime, shape).with_context(|| format!("{} {shape:?}", B::NAME)),
    )
}

fn turn_about(
    repetitions: usize,
    a: impl Fn() -> anyhow::Result<f64>,
    b: impl Fn() -> anyhow::Result<f64>,
) -> anyhow::Result<(f64, f64)> {
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    for _ in 0..repetitions {
        of_a.push(a()?);
        of_b.push(b()?);
    }
    Ok((median(of_a), median(of_b)))
}

/// The lines of two contenders on both runtimes; `cost` measures them at one quantity.
fn lines(
    names: [&str; 2],
    quantities: &[u64],
    cost: impl Fn(&Runtime, u64) -> anyhow::Result<(f64, f64)>,
) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for flavor in Flavor::ALL {
        let runtime = flavor.build()?;
        let mut pair = names.map(|name| Line { label: format!("{name}, {flavor}"), points: Vec::new() });
        for &quantity in quantities {
            let (a, b) = cost(&runtime, quantity)?;
            pair[0].points.push((quantity, a));
            pair[1].points.push((quantity, b));
        }
        lines.extend(pair);
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn exponents() {
        let line = |points: &[(u64, f64)]| Line { label: String::new(), points: points.to_vec() };
        assert!(line(&[(1, 10.0), (64, 640.0)]).is_linear());
        assert!(line(&[(1, 10.0), (64, 10.0)]).exponent().abs() < 1e-9);
        assert!(!line(&[(1, 10.0), (8, 640.0)]).is_linear());
        let bent = line(&[(1, 10.0), (2, 10.0), (4, 40.0)]);
        assert!(bent.is_linear() && (bent.steepest() - 2.0).abs() < 1e-9);
    }
}
