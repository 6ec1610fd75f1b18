//! The file as numbered lines.

use std::borrow::Cow;

/// Walks over the lines of a file, bytes that are not UTF-8 replaced, ends and blank lines trimmed away.
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
            let (line, rest) = match self.rest.iter().position(|&byte| byte == b'\n') {
                Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
                None => (self.rest, &[][..]),
            };
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
}
