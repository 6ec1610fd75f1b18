use std::fmt;

/// Why a TSPLIB file was refused: the line, what is wrong there, and what would be accepted.
///
/// Its text is always one line, whatever bytes the file holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}; accepted: {accepted}", At(*line))]
#[non_exhaustive]
pub struct TspError {
    /// The line, counted from 1; none where the file as a whole is at fault.
    pub line: Option<u64>,
    /// What is wrong.
    pub problem: String,
    /// What is accepted in its place.
    pub accepted: String,
}

impl TspError {
    /// An error in `line` (counted from 1).
    pub fn at(line: u64, problem: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { line: Some(line), problem: problem.into(), accepted: accepted.into() }
    }

    /// An error of the file as a whole.
    pub fn whole(problem: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { line: None, problem: problem.into(), accepted: accepted.into() }
    }
}

/// Text of a file as it may stand in a one-line message: control characters escaped, cut after 40 characters.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut out = String::from("\"");
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST {
            out.push_str("...");
            break;
        }
        out.extend(character.escape_debug());
    }
    out.push('"');
    out
}

struct At(Option<u64>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, "line {line}: "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_names_line_problem_and_remedy() {
        let error = TspError::at(7, "TYPE \"HCP\" is unknown", "TSP");
        assert_eq!(error.to_string(), "line 7: TYPE \"HCP\" is unknown; accepted: TSP");
        assert_eq!(
            TspError::whole("it is empty", "a TSPLIB file").to_string(),
            "it is empty; accepted: a TSPLIB file"
        );
    }

    #[test]
    fn quoted_text_stays_on_one_short_line() {
        let text = quoted(&format!("a\nb\u{0}\u{1b}[31m{}", "x".repeat(100)));
        assert!(text.chars().count() < 80, "{text}");
        assert!(!text.chars().any(char::is_control), "{text}");
        assert!(text.ends_with("...\""), "{text}");
    }
}
