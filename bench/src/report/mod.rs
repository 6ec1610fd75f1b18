//! The same figures as text, JSON, Markdown and plots.

mod before;
mod goals;
mod json;
mod markdown;
mod svg;
mod text;

pub(crate) use before::print as print_before;
pub(crate) use json::{print as print_json, print_rows as print_rows_json};
pub(crate) use markdown::write;
pub(crate) use text::{print_case, print_floor, print_series, print_verdicts};

use crate::{floor::Part, growth::Series, machine::Machine, measure::Row, properties::Verdict};

/// All that `--write` puts on the page.
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) repetitions: usize,
    pub(crate) rows: Vec<Row>,
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) floor: Vec<Part>,
    pub(crate) growth: Vec<Series>,
}

/// Three significant digits are more than the noise leaves.
fn figure(value: f64) -> String {
    match value.abs() {
        v if v < 10.0 => format!("{value:.2}"),
        v if v < 1_000.0 => format!("{value:.1}"),
        _ => grouped(value.round()),
    }
}

/// Thousands separated, as in 12,345.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 && out != "-" {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn figures() {
        assert_eq!(figure(1.234), "1.23");
        assert_eq!(figure(123.45), "123.5");
        assert_eq!(figure(29_000.4), "29,000");
        assert_eq!(figure(1_234_567.0), "1,234,567");
        assert_eq!(figure(-1_234.0), "-1,234");
    }
}
