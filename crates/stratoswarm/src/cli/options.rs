use std::ffi::OsString;

use clap::Parser as _;

use super::{Command, Failure};

/// What the program was asked for.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "stratoswarm", version, about, arg_required_else_help = false)]
pub struct Options {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

impl Options {
    /// Reads the command line, the program's name first.
    ///
    /// # Errors
    /// `Ok(Err(text))` is help or version, to be printed; an error is one line that says what is accepted.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Result<Self, String>, Failure> {
        use clap::error::ErrorKind;
        match Self::try_parse_from(arguments) {
            Ok(options) => Ok(Ok(options)),
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                Ok(Err(error.render().to_string()))
            }
            Err(error) => Err(Failure::Refused(one_line(&error.render().to_string()))),
        }
    }
}

/// The parser's message without its frame: what is wrong, then what is possible, on one line.
fn one_line(message: &str) -> String {
    let told = message
        .split("\n\nUsage:")
        .next()
        .unwrap_or_default()
        .split("\n\nFor more")
        .next()
        .unwrap_or_default();
    // A tip stands on a line of its own. That an option can be meant as a value helps nobody: no value begins like one.
    let parts = told.split("tip: ").filter(|part| !part.contains("as a value, use '-- "));
    let parts: Vec<_> = parts
        .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|part| !part.is_empty())
        .collect();
    let told = parts.join("; ");
    let told = told.strip_prefix("error: ").unwrap_or(&told);
    format!("{told} (see --help)")
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Result<Options, String>, Failure> {
        Options::read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn what_is_wrong_is_one_line_with_the_tip_that_helps() {
        let told = |line| match read(line) {
            Err(Failure::Refused(told)) => told,
            other => panic!("{other:?}"),
        };
        assert_eq!(told("stratoswarm run - --bogus"), "unexpected argument '--bogus' found (see --help)");
        assert_eq!(
            told("stratoswarm run - --sed 7"),
            "unexpected argument '--sed' found; a similar argument exists: '--seed' (see --help)"
        );
    }

    #[test]
    fn impossible_values_are_refused_in_one_line_that_names_the_option() {
        for (line, word) in [
            ("--agents 0", "--agents"),
            ("--agents 1001", "accepted: a whole number from 1 to 1000"),
            ("--agents -1", "accepted: a whole number from 1 to 1000"),
            ("--agents x", "accepted: a whole number from 1 to 1000"),
            ("--seconds -1", "above 0"),
            ("--seconds 0", "above 0"),
            ("--seconds nan", "above 0"),
            ("--seconds inf", "above 0"),
            ("--seconds 1e300", "above 0"),
            ("--generations 0", "--generations"),
            ("--generations -1", "'-1' for '--generations <N>': accepted: a whole number from 1 to"),
            ("--generations many", "accepted: a whole number from 1 to"),
            ("--generations 99999999999999999999", "from 1 to 18446744073709551615"),
            ("--seed -1", "'-1' for '--seed <N>': accepted: a whole number from 0 to"),
            ("--seed 1.5", "accepted: a whole number from 0 to"),
            ("--target -1", "'-1' for '--target <LENGTH>': accepted: a whole number from 0 to"),
            ("--without nothing", "governor"),
            ("--overload 1", "--overload"),
            ("--overload -1", "'-1' for '--overload <N>': accepted: a whole number from 2 to 1000"),
            ("--overload 1001", "accepted: a whole number from 2 to 1000"),
            ("--overload much", "accepted: a whole number from 2 to 1000"),
            ("--keep 5", "--rotate <SIZE>"),
            ("--rotate 1MiB", "--record <FILE.mcap>"),
            ("--record r --rotate 1000", "accepted: a number of bytes from 65536"),
            ("--record r --rotate -1", "accepted: a number of bytes from 65536"),
            ("--record r --rotate 1XB", "such as 1GiB"),
            ("--record r --rotate 1GB --keep 0", "from 1 to 10000"),
            ("--tours x", "--tours"),
            ("--json extra", "extra"),
        ] {
            let failure = read(&format!("stratoswarm run a.tsp {line}")).unwrap_err();
            let text = failure.to_string();
            assert!(text.contains(word), "{line}: {text}");
            assert!(!text.contains('\n') && !text.starts_with("error"), "{line}: {text}");
            assert!(!text.contains("as a value"), "{line}: {text}");
        }
        for line in ["stratoswarm", "stratoswarm run", "stratoswarm walk"] {
            let text = read(line).unwrap_err().to_string();
            assert!(!text.contains('\n') && !text.is_empty(), "{text}");
        }
    }

    #[test]
    fn help_and_version_are_no_errors() {
        assert!(read("stratoswarm run --help").unwrap().unwrap_err().contains("--tour-out"));
        assert!(read("stratoswarm --version").unwrap().unwrap_err().starts_with("stratoswarm "));
    }
}
