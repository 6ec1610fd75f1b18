//! The goal against an older revision, which exists where `bench/before` has built the bench.

use super::goals::{Judged, outcome, short};
use crate::{measure::Row, rivals::BEFORE};

/// The ratio no case may be below.
const LIMIT: f64 = 0.98;
/// Why it is missed, where it is.
const REASON: &str = "on a shared host a case differs by more than this from run to run, see min and max";
const FAMILIES: [&str; 4] = ["queue", "batch", "gated", "lossy"];

/// What came of it; none without a row of an older revision. The figures are the worst of each family and runtime, and
/// all that are below the limit.
pub(super) fn judge(rows: &[Row]) -> Option<Judged> {
    let mut found: Vec<&Row> =
        rows.iter().filter(|row| row.rival == BEFORE && FAMILIES.contains(&family(row))).collect();
    found.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    let worst = found.first()?;

    let mut named: Vec<&Row> = Vec::new();
    for &row in &found {
        if row.ratio < LIMIT
            || !named.iter().any(|other| family(other) == family(row) && other.runtime == row.runtime)
        {
            named.push(row);
        }
    }
    let figures: Vec<String> =
        named.iter().map(|row| format!("{} {}: {:.3}", row.case, short(row.runtime), row.ratio)).collect();
    Some(Judged {
        goal: format!(
            "{BEFORE}, revision {}: no queue, batch, gated or lossy case below {LIMIT}",
            worst.rival_version
        ),
        outcome: outcome(worst.ratio / LIMIT),
        figures: figures.join(", "),
        reason: if worst.ratio < LIMIT { REASON } else { "" },
    })
}

/// The same on the terminal.
pub(crate) fn print(rows: &[Row]) {
    if let Some(Judged { goal, outcome, figures, .. }) = judge(rows) {
        println!("{goal}");
        println!("  {}: {figures}", outcome.replace("**", ""));
        println!();
    }
}

fn family(row: &Row) -> &str {
    row.case.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{BEFORE, judge};
    use crate::{
        measure::Row,
        runtime::Flavor::{self, CurrentThread, MultiThread},
    };

    fn row(case: &str, runtime: Flavor, rival: &'static str, ratio: f64) -> Row {
        Row {
            case: case.to_owned(),
            runtime,
            rival,
            rival_version: "0123abc",
            ratio,
            ours_ns: 1.0,
            rival_ns: ratio,
            min: ratio,
            max: ratio,
            repetitions: 1,
            ours_p50_ns: None,
            ours_p99_ns: None,
            rival_p50_ns: None,
            rival_p99_ns: None,
            ours_send_ns: None,
            rival_send_ns: None,
            ours_missed: None,
            rival_missed: None,
            ours_bytes: None,
            rival_bytes: None,
            note: None,
        }
    }

    #[test]
    fn the_worst_decides_and_requests_do_not_count() {
        let mut rows = vec![
            row("queue/1x1/100", CurrentThread, BEFORE, 1.2),
            row("queue/1x1/1000", CurrentThread, BEFORE, 1.1),
            row("queue/1x1/1000", MultiThread, BEFORE, 1.3),
            row("request/1", CurrentThread, BEFORE, 0.5),
            row("queue/1x1/100", CurrentThread, "tokio", 0.5),
        ];
        let judged = judge(&rows).unwrap();
        assert!(judged.outcome.contains("reached"), "{}", judged.outcome);
        assert_eq!(judged.figures, "queue/1x1/1000 ct: 1.100, queue/1x1/1000 mt: 1.300");

        rows.push(row("lossy/3/16", MultiThread, BEFORE, 0.9));
        let judged = judge(&rows).unwrap();
        assert!(judged.outcome.contains("missed") && judged.figures.starts_with("lossy/3/16 mt: 0.900"));

        assert!(judge(&rows[3..5]).is_none());
    }
}
