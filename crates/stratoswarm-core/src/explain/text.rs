//! Words of a verdict.

use std::time::Duration;

/// `12.4 s`, `250 ms`.
pub(super) fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// `one sender`, `3 senders`.
pub(super) fn count(number: u64, what: &str) -> String {
    match number {
        1 => format!("one {what}"),
        _ => format!("{} {what}s", grouped(number)),
    }
}

/// `4,100`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `a`, `a and b`, `a, b and c`; of many, the first and how many others.
pub(super) fn list(names: &[String]) -> String {
    match names {
        [first, second, third, .., _, _, _, _] => {
            format!("{first}, {second}, {third} and {} others", grouped(names.len() as u64 - 3))
        }
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_read_well() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            (count(1, "sender"), count(4_100, "sender")),
            ("one sender".into(), "4,100 senders".into())
        );
        let names = ["a", "b", "c"].map(String::from);
        assert_eq!([1, 2, 3].map(|n| list(&names[..n])), ["a", "a and b", "a, b and c"]);
        let many: Vec<_> = (1..=1_003).map(|n| n.to_string()).collect();
        assert_eq!(
            (list(&many), list(&many[..6])),
            ("1, 2, 3 and 1,000 others".into(), "1, 2, 3, 4, 5 and 6".into())
        );
        assert_eq!(
            (seconds(Duration::from_millis(250)), seconds(Duration::from_millis(12_449))),
            ("250 ms".into(), "12.4 s".into()),
        );
    }
}
