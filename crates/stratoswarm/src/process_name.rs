//! Names of processes that can be looked at.

/// Whether it is the number of a process, or that with a second one behind `-`, as `4711-2`.
pub(crate) fn is_process(name: &str) -> bool {
    let is_number =
        |text: &str| text.parse::<u32>().is_ok_and(|number| number > 0 && number.to_string() == text);
    let (first, second) = name.split_once('-').unwrap_or((name, "2"));
    is_number(first) && is_number(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_a_number_and_sometimes_a_second() {
        for name in ["1", "4711", "4711-2", "4294967295"] {
            assert!(is_process(name), "{name}");
        }
        for name in ["", "0", "-3", "4711-", "4711-0", "+1", "01", "4294967296", "1-2-3", "../1", "swarm"] {
            assert!(!is_process(name), "{name}");
        }
    }
}
