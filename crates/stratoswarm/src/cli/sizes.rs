//! Sizes and times on the command line.

use std::time::Duration;

use super::ReplayPace;

/// The least that a file may have when it rotates.
const LEAST: u64 = 64 << 10;

/// Units of sizes.
const UNITS: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

/// A number of bytes, with or without a unit.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let unit = UNITS.iter().find_map(|&(unit, bytes)| Some((text.strip_suffix(unit)?.trim_end(), bytes)));
    let (number, unit) = unit.unwrap_or((text, 1));
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let accepted = || format!("accepted: a number of bytes from {LEAST}, also with a unit, such as 1GiB");
    bytes.filter(|&bytes| bytes >= LEAST).ok_or_else(accepted)
}

/// A time from a recording's beginning: seconds, or a number with the unit ms, s, m or h.
pub(super) fn offset(text: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let unit = units.iter().find_map(|&(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)));
    let (number, unit) = unit.unwrap_or((text, 1.0));
    let seconds = number.parse::<f64>().ok().map(|number| number * unit);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| "accepted: a time from the beginning, such as 5, 5s, 250ms, 1.5m or 1h".to_owned())
}

/// A speed: a factor, or `max`.
pub(super) fn pace(text: &str) -> Result<ReplayPace, String> {
    let times = || text.parse::<f64>().ok().filter(|times| (1e-6..=1e6).contains(times));
    let pace = if text == "max" { Some(ReplayPace::Max) } else { times().map(ReplayPace::Times) };
    pace.ok_or_else(|| "accepted: max, or a number from 0.000001 to 1000000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let sizes = ["65536", "64KiB", "65536 B", "1GB", "3 MiB"].map(|text| bytes(text).unwrap());
        assert_eq!(sizes, [65_536, 65_536, 65_536, 1_000_000_000, 3 << 20]);
        for text in ["", "B", "1", "63KiB", "-1GB", "1.5GB", "1TB", "99999999999GiB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pace_is_a_factor_or_max() {
        assert_eq!(pace("max"), Ok(ReplayPace::Max));
        assert_eq!([pace("1"), pace("0.5")], [1.0, 0.5].map(|times| Ok(ReplayPace::Times(times))));
        for text in ["", "0", "-1", "nan", "inf", "1e300", "Max", "10x"] {
            assert!(pace(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_have_units() {
        let times = ["5", "5s", "250ms", "1.5m", "1h"].map(|text| offset(text).unwrap().as_millis());
        assert_eq!(times, [5_000, 5_000, 250, 90_000, 3_600_000]);
        for text in ["", "s", "-1", "nan", "inf", "1d", "1e300"] {
            assert!(offset(text).is_err(), "{text}");
        }
    }
}
