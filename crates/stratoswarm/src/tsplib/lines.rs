//! The file as numbered lines.

use std::borrow::Cow;

/// Walks over the lines of a file, bytes that are not UTF-8 replaced, ends and blank lines trimmed away. A line ends with a
/// line feed, a carriage return, or both.
#[derive(Debug, Clone)]
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    number: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        // Editors on Windows put a byte order mark in front.
        Self { rest: bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), number: 0 }
    }

    /// The number of the line last returned; of the file's last line once there are no more.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not blank, without moving on.
    pub(super) fn peek(&self) -> Option<Cow<'a, str>> {
        self.clone().next()
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Cow<'a, str>> {
        while !self.rest.is_empty() {
            let end =
                self.rest.iter().position(|&byte| byte == b'\n' || byte == b'\r').unwrap_or(self.rest.len());
            let (line, rest) = self.rest.split_at(end);
            let rest = rest.strip_prefix(b"\r\n").unwrap_or_else(|| rest.get(1..).unwrap_or_default());
            self.rest = rest;
            self.number += 1;
            let line = line.trim_ascii();
            if !line.is_empty() {
                return Some(String::from_utf8_lossy(line));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_blank_lines_and_skips_them() {
        let mut lines = Lines::new(b"\xef\xbb\xbfone\r\n\n  \n two \xff\x00");
        assert_eq!(lines.next().as_deref(), Some("one"));
        assert_eq!(lines.number(), 1);
        assert_eq!(lines.peek().as_deref(), Some("two \u{fffd}\u{0}"));
        assert_eq!(lines.number(), 1);
        assert_eq!(lines.next().as_deref(), Some("two \u{fffd}\u{0}"));
        assert_eq!(lines.number(), 4);
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn a_carriage_return_ends_a_line_too() {
        let mut lines = Lines::new(b"one\rtwo\r\r\nfour\n\rsix\r");
        let numbered = std::iter::from_fn(|| lines.next().map(|line| (line.into_owned(), lines.number())));
        let expected = [("one", 1), ("two", 2), ("four", 4), ("six", 6)];
        assert_eq!(numbered.collect::<Vec<_>>(), expected.map(|(line, number)| (line.to_owned(), number)));
    }
}
