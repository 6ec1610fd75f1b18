//! Numbers and times in few characters.

use std::time::Duration;

const UNITS: [(u64, &str); 6] = [
    (1_000_000_000_000_000_000, "E"),
    (1_000_000_000_000_000, "P"),
    (1_000_000_000_000, "T"),
    (1_000_000_000, "G"),
    (1_000_000, "M"),
    (1_000, "k"),
];

/// `999`, `1.2k`, `4k`, `812k`, `3.1M`; `∞` for the greatest number. Never more than there is: what is nearly full is not
/// shown as full.
pub(super) fn count(number: u64) -> String {
    if number == u64::MAX {
        return "∞".to_owned();
    }
    let Some(&(unit, name)) = UNITS.iter().find(|(unit, _)| number >= *unit) else {
        return number.to_string();
    };
    let (whole, tenth) = (number / unit, number % unit / (unit / 10));
    if whole >= 100 || tenth == 0 { format!("{whole}{name}") } else { format!("{whole}.{tenth}{name}") }
}

/// So many a second: `0`, `0.4`, `81.2k`; `-` if it is not known.
pub(super) fn rate(per_second: Option<f64>) -> String {
    let Some(rate) = per_second.filter(|rate| rate.is_finite()) else { return "-".to_owned() };
    let rate = rate.max(0.0);
    if rate < 0.05 {
        "0".to_owned()
    } else if rate < 9.95 {
        format!("{rate:.1}")
    } else {
        // Of more than there are whole numbers, the greatest.
        #[allow(clippy::cast_sign_loss)]
        count(rate.round() as u64)
    }
}

/// A lag of so many seconds, or of more: `<0.1s` for what is less than can be told, `-` if it is not known.
pub(super) fn lag(seconds: Option<f64>, is_at_least: bool) -> String {
    match seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        None => "-".to_owned(),
        Some(Duration::ZERO) => "0".to_owned(),
        Some(lag) if lag < Duration::from_millis(100) => "<0.1s".to_owned(),
        Some(lag) if is_at_least => format!(">{}", span(lag)),
        Some(lag) => span(lag),
    }
}

/// `180µs`, `50ms`, `12.4s`, `3m20s`, `5h02m`, `3d04h`.
pub(super) fn span(time: Duration) -> String {
    let (seconds, millis) = (time.as_secs(), time.as_millis());
    if millis == 0 {
        format!("{}µs", time.as_micros())
    } else if seconds == 0 {
        format!("{millis}ms")
    } else if seconds < 100 {
        format!("{seconds}.{}s", time.subsec_millis() / 100)
    } else if seconds < 3600 {
        format!("{}m{:02}s", seconds / 60, seconds % 60)
    } else if seconds < 86_400 {
        format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60)
    } else {
        format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24)
    }
}

/// The same for times of whole seconds: `1s`, `90s`.
pub(super) fn whole(time: Duration) -> String {
    if time.subsec_nanos() == 0 && time.as_secs() < 100 { format!("{}s", time.as_secs()) } else { span(time) }
}

/// A text of somebody else's, without what would move the cursor or break a line.
pub(super) fn clean(text: &str) -> String {
    // U+200E and the like turn the direction of writing.
    let is_bad = |it: char| {
        it.is_control()
            || matches!(it, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|it| if is_bad(it) { '\u{fffd}' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_never_too_large() {
        let told = [
            0,
            999,
            1_000,
            1_250,
            4_000,
            9_999,
            81_234,
            99_999,
            812_345,
            999_999,
            3_150_000,
            u64::MAX - 1,
            u64::MAX,
        ]
        .map(count);
        let short =
            ["0", "999", "1k", "1.2k", "4k", "9.9k", "81.2k", "99.9k", "812k", "999k", "3.1M", "18.4E", "∞"];
        assert_eq!(told, short);
    }

    #[test]
    fn rates_and_lags_may_be_unknown() {
        let rates = [
            None,
            Some(f64::NAN),
            Some(-1.0),
            Some(0.04),
            Some(0.44),
            Some(9.94),
            Some(9.96),
            Some(81_234.4),
        ];
        assert_eq!(rates.map(rate), ["-", "-", "0", "0", "0.4", "9.9", "10", "81.2k"]);
        let lags =
            [None, Some(-1.0), Some(f64::NAN), Some(0.0), Some(0.05), Some(0.5), Some(12.44), Some(1e300)];
        assert_eq!(lag(Some(12.44), true), ">12.4s");
        assert_eq!(
            lags.map(|seconds| lag(seconds, false)),
            ["-", "-", "-", "0", "<0.1s", "500ms", "12.4s", "-"]
        );
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        let times =
            [0, 180, 50_000, 999_999, 12_449_000, 99_990_000, 200_000_000, 18_120_000_000, 273_600_000_000];
        let told = times.map(|micros| span(Duration::from_micros(micros)));
        assert_eq!(told, ["0µs", "180µs", "50ms", "999ms", "12.4s", "99.9s", "3m20s", "5h02m", "3d04h"]);
    }

    #[test]
    fn whole_seconds_have_no_tenths() {
        let told = [1_000, 1_500, 200_000].map(|millis| whole(Duration::from_millis(millis)));
        assert_eq!(told, ["1s", "1.5s", "3m20s"]);
    }

    #[test]
    fn a_name_cannot_write_elsewhere() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}d"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        assert_eq!(clean("日本 ✓"), "日本 ✓");
    }
}
