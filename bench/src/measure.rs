//! Ours and a rival, turn and turn about in one process: medians, and the ratio of each repetition.

use anyhow::Context as _;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::{runtime::Flavor, versions};

/// One case: ours and the rivals it is compared with.
pub(crate) struct Case {
    /// For example `queue/1x1/1000`.
    pub(crate) name: String,
    /// Whether the short selection has it.
    pub(crate) short: bool,
    /// Ours.
    pub(crate) ours: Contender,
    /// The others.
    pub(crate) rivals: Vec<Contender>,
}

/// One side of a case. The box is opened once a run, outside the loop that is timed.
pub(crate) struct Contender {
    /// The name in the report.
    pub(crate) name: &'static str,
    /// The package its version is read from.
    pub(crate) package: &'static str,
    /// What is not the same as ours, if anything.
    pub(crate) note: Option<&'static str>,
    /// One checked run.
    pub(crate) run: Run,
}

/// One checked run on this runtime.
pub(crate) type Run = Box<dyn Fn(&Runtime) -> anyhow::Result<Sample>>;

/// What one run gave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// Nanoseconds per message, per delivered message of a lossy case, per round trip of a request.
    pub(crate) ns: f64,
    /// Lossy cases: nanoseconds per message sent.
    pub(crate) send_ns: Option<f64>,
    /// Lossy cases: missed messages as a share of those sent to all readers.
    pub(crate) missed: Option<f64>,
    /// Request cases: single round trips in nanoseconds.
    pub(crate) round_trips: Vec<u32>,
    /// Memory and payload cases: bytes of memory.
    pub(crate) bytes: Option<f64>,
}

/// One line of the report: a case on one runtime against one rival.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) case: String,
    pub(crate) runtime: Flavor,
    /// Median.
    pub(crate) ours_ns: f64,
    pub(crate) rival: &'static str,
    pub(crate) rival_version: &'static str,
    /// Median.
    pub(crate) rival_ns: f64,
    /// `rival_ns` / `ours_ns`: above 1 ours is faster.
    pub(crate) ratio: f64,
    /// The lowest ratio of one repetition.
    pub(crate) min: f64,
    /// The highest ratio of one repetition.
    pub(crate) max: f64,
    pub(crate) repetitions: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ours_p50_ns: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ours_p99_ns: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rival_p50_ns: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rival_p99_ns: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ours_send_ns: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rival_send_ns: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ours_missed: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rival_missed: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ours_bytes: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rival_bytes: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<&'static str>,
}

/// Measures a case on one runtime. Each repetition runs ours and then the rival, for one rival after the other.
///
/// # Errors
/// A run that lost, doubled or damaged a message, or did not end.
pub(crate) fn measure(case: &Case, flavor: Flavor, repetitions: usize) -> anyhow::Result<Vec<Row>> {
    let runtime = flavor.build()?;
    let run = |contender: &Contender| {
        (contender.run)(&runtime).with_context(|| format!("{} on {flavor}: {}", case.name, contender.name))
    };
    let mut pairs: Vec<Pair> = case.rivals.iter().map(|_| Pair::default()).collect();

    // One round unrecorded: caches, allocator and branch predictor are then warm for everyone.
    run(&case.ours)?;
    for rival in &case.rivals {
        run(rival)?;
    }
    for _ in 0..repetitions {
        for (rival, pair) in case.rivals.iter().zip(&mut pairs) {
            pair.ours.push(run(&case.ours)?);
            pair.rival.push(run(rival)?);
        }
    }
    Ok(case.rivals.iter().zip(pairs).map(|(rival, pair)| pair.row(&case.name, flavor, rival)).collect())
}

/// The repetitions of ours and one rival, in the same order.
#[derive(Default)]
struct Pair {
    ours: Vec<Sample>,
    rival: Vec<Sample>,
}

impl Pair {
    fn row(self, case: &str, flavor: Flavor, rival: &Contender) -> Row {
        let ratios: Vec<f64> = self.ours.iter().zip(&self.rival).map(|(o, r)| r.ns / o.ns).collect();
        let (ours_ns, rival_ns) = (median_of(&self.ours, |s| s.ns), median_of(&self.rival, |s| s.ns));
        let (ours_p50_ns, ours_p99_ns) = percentiles(&self.ours);
        let (rival_p50_ns, rival_p99_ns) = percentiles(&self.rival);
        Row {
            case: case.to_owned(),
            runtime: flavor,
            ours_ns,
            rival: rival.name,
            rival_version: versions::of(rival.package),
            rival_ns,
            ratio: rival_ns / ours_ns,
            min: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            max: ratios.iter().copied().fold(0.0, f64::max),
            repetitions: ratios.len(),
            ours_p50_ns,
            ours_p99_ns,
            rival_p50_ns,
            rival_p99_ns,
            ours_send_ns: median_of_some(&self.ours, |s| s.send_ns),
            rival_send_ns: median_of_some(&self.rival, |s| s.send_ns),
            ours_missed: median_of_some(&self.ours, |s| s.missed),
            rival_missed: median_of_some(&self.rival, |s| s.missed),
            ours_bytes: median_of_some(&self.ours, |s| s.bytes),
            rival_bytes: median_of_some(&self.rival, |s| s.bytes),
            note: rival.note,
        }
    }
}

/// The median; of an even number the mean of the two in the middle; 0 of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

fn median_of(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> f64 {
    median(samples.iter().map(value).collect())
}

fn median_of_some(samples: &[Sample], value: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
    let values: Vec<f64> = samples.iter().filter_map(value).collect();
    (!values.is_empty()).then(|| median(values))
}

/// p50 and p99 over the single round trips of all repetitions.
fn percentiles(samples: &[Sample]) -> (Option<f64>, Option<f64>) {
    let mut all: Vec<u32> = samples.iter().flat_map(|s| s.round_trips.iter().copied()).collect();
    if all.is_empty() {
        return (None, None);
    }
    all.sort_unstable();
    let at = |percent: usize| f64::from(all[(all.len() - 1) * percent / 100]);
    (Some(at(50)), Some(at(99)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_odd_even_and_none() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(Vec::new()).abs() < f64::EPSILON);
    }

    #[test]
    fn the_ratio_is_of_the_medians_and_lies_between_its_extremes() {
        let sample = |ns| Sample { ns, ..Sample::default() };
        let pair = Pair {
            ours: [10.0, 20.0, 30.0].map(sample).into(),
            rival: [30.0, 20.0, 45.0].map(sample).into(),
        };
        let rival = Contender {
            name: "tokio",
            package: "tokio",
            note: None,
            run: Box::new(|_| Ok(Sample::default())),
        };
        let row = pair.row("queue/1x1/1000", Flavor::CurrentThread, &rival);
        assert!(
            (row.ratio - 1.5).abs() < 1e-9 && (row.min - 1.0).abs() < 1e-9 && (row.max - 3.0).abs() < 1e-9
        );
        assert_ne!(row.rival_version, "?");
    }
}
