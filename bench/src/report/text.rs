//! Tables for the terminal.

use super::{figure, grouped};
use crate::{
    floor::Part,
    growth::Series,
    measure::Row,
    properties::{Verdict, find},
};

/// The rows of one case on one runtime.
pub(crate) fn print_case(rows: &[Row], verdicts: &[Verdict]) {
    let Some(first) = rows.first() else { return };
    println!("{}  {}", first.case, first.runtime);
    println!(
        "  {:<23}{:<9}{:>9}{:>10}{:>8}{:>7}{:>7}  {:<8}{:<5}{:<5}",
        "rival", "version", "ours ns", "rival ns", "ratio", "min", "max", "correct", "coop", "fair"
    );
    for row in rows {
        let verdict = find(verdicts, &row.case, row.rival);
        let column = |of: fn(&Verdict) -> String| verdict.map_or_else(|| "-".to_owned(), of);
        let line = format!(
            "  {:<23}{:<9}{:>9}{:>10}{:>7.2}x{:>7.2}{:>7.2}  {:<8}{:<5}{:<5}{}",
            row.rival,
            row.rival_version,
            figure(row.ours_ns),
            figure(row.rival_ns),
            row.ratio,
            row.min,
            row.max,
            column(|v| v.correct.to_string()),
            column(|v| v.coop.to_string()),
            column(|v| v.fair.to_string()),
            details(row),
        );
        println!("{}", line.trim_end());
    }
    println!();
}

/// What a family has besides the time: percentiles, lag, bytes, and how the rival differs.
pub(super) fn details(row: &Row) -> String {
    let mut details = Vec::new();
    if let (Some(o50), Some(o99), Some(r50), Some(r99)) =
        (row.ours_p50_ns, row.ours_p99_ns, row.rival_p50_ns, row.rival_p99_ns)
    {
        details.push(format!(
            "p50/p99 {}/{} : {}/{}",
            grouped(o50),
            grouped(o99),
            grouped(r50),
            grouped(r99)
        ));
    }
    if let (Some(ours), Some(rival)) = (row.ours_send_ns, row.rival_send_ns) {
        details.push(format!("per send {} : {}", figure(ours), figure(rival)));
    }
    if let (Some(ours), Some(rival)) = (row.ours_missed, row.rival_missed) {
        details.push(format!("missed {:.1} % : {:.1} %", 100.0 * ours, 100.0 * rival));
    }
    if let (Some(ours), Some(rival)) = (row.ours_bytes, row.rival_bytes) {
        details.push(format!("bytes {} : {}", grouped(ours), grouped(rival)));
    }
    details.extend(row.note.map(str::to_owned));
    details.join("; ")
}

/// The checks, one contender a line.
pub(crate) fn print_verdicts(verdicts: &[Verdict]) {
    println!(
        "  {:<23}{:<9}{:<11}{:<8}{:<5}{:<5}{:<6}  seen",
        "contender", "version", "role", "correct", "coop", "fair", "exact"
    );
    for v in verdicts {
        println!(
            "  {:<23}{:<9}{:<11}{:<8}{:<5}{:<5}{:<6}  {}",
            v.rival,
            v.version,
            v.role,
            v.correct,
            v.coop,
            v.fair,
            v.exact,
            seen(v)
        );
    }
    println!();
}

/// What the checks saw, the unremarkable left out.
pub(super) fn seen(verdict: &Verdict) -> String {
    let findings = [&verdict.correct, &verdict.coop, &verdict.fair, &verdict.exact];
    let failed: Vec<&str> =
        findings.into_iter().filter(|f| f.holds == Some(false)).map(|f| f.seen.as_str()).collect();
    failed.join("; ")
}

/// The floor.
pub(crate) fn print_floor(parts: &[Part]) {
    for Part { part, ns } in parts {
        println!("  {part:<50}{:>10} ns", figure(*ns));
    }
}

/// One growing quantity.
pub(crate) fn print_series(series: &Series) {
    println!("{} ({})", series.over, series.unit);
    for line in &series.lines {
        print!("  {:<32}", line.label);
        for (x, y) in &line.points {
            print!("  {}: {}", grouped(*x as f64), figure(*y));
        }
        let verdict =
            if series.bound.holds(line) { String::new() } else { format!(", NOT {}", series.bound) };
        println!("  (exponent {:.2}{verdict})", line.exponent());
    }
    println!();
}
