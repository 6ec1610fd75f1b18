use std::{path::Path, process::ExitCode};

/// Why the program ends without a result, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The input or an option is not acceptable: exit code 2.
    #[error("{0}")]
    Refused(String),
    /// The run failed: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// A refusal of a file, its name made fit for one line.
    pub fn refused_file(path: &Path, why: impl std::fmt::Display) -> Self {
        Self::Refused(format!("{}: {why}", shown(path)))
    }

    /// A refusal of what a cargo feature of the program brings, and it is built without.
    pub fn not_built(what: &str, feature: &str) -> Self {
        Self::Refused(format!(
            "{what}: this program is built without it; accepted: one that is built by `cargo build --release --features {feature}`"
        ))
    }

    /// The process' exit code.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Refused(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::FAILURE,
        }
    }
}

/// A path as it may stand in a one-line message.
pub(super) fn shown(path: &Path) -> String {
    path.to_string_lossy()
        .chars()
        .flat_map(|character| {
            let escaped: Vec<char> =
                if character.is_control() { character.escape_default().collect() } else { vec![character] };
            escaped
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strange_file_name_stays_on_one_line() {
        let failure = Failure::refused_file(Path::new("a\nb\u{1b}[0m.tsp"), "is missing");
        assert_eq!(failure.to_string(), "a\\nb\\u{1b}[0m.tsp: is missing");
    }
}
