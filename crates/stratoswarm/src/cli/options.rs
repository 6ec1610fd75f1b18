use std::{ffi::OsString, fmt::Display, path::PathBuf, str::FromStr, time::Duration};

use clap::Parser as _;

use super::Failure;
use crate::swarm::Component;

/// What the program was asked for.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "stratoswarm", version, about, arg_required_else_help = false)]
pub struct Options {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The program's commands.
#[derive(Debug, Clone, clap::Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Solve a traveling salesman problem with a swarm of agents
    ///
    /// Every agent breeds and improves tours of its own; every few generations it takes in its neighbour's best. The
    /// result is the shortest tour of all, followed by a table of the messages that went through each channel.
    ///
    /// Without --seconds and --generations, the run ends when no shorter tour has been found for a while, at the latest
    /// after 10 seconds. Ctrl-C or SIGTERM ends it early; the shortest tour so far is then the result.
    #[command(after_long_help = SURROUNDINGS)]
    Run(RunOptions),
}

/// What the program takes from its environment and gives back to it, for `--help`.
const SURROUNDINGS: &str = "\
Environment:
  RUST_LOG  What to log to standard error: a level (error,
            warn, info, debug, trace), TARGET=LEVEL, or
            several of these, separated by commas

Exit codes:
  0    A result was printed, also after Ctrl-C or SIGTERM
  1    The run failed
  2    The input or an option is not acceptable
  130  A second Ctrl-C or SIGTERM ended the program at once";

/// The options of `stratoswarm run`.
// The documentation is what --help prints, where backticks would be noise.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Clone, clap::Args)]
pub struct RunOptions {
    /// Problem to solve, in TSPLIB's format; - stands for standard input
    ///
    /// Accepted are files of TYPE TSP with EDGE_WEIGHT_TYPE EUC_2D, CEIL_2D, ATT, GEO or EXPLICIT.
    #[arg(value_name = "FILE.tsp")]
    pub file: PathBuf,

    /// Number of agents, each with a population of its own (1 to 1000)
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = |text: &str| whole(text, 1, 1000_u32), allow_negative_numbers = true)]
    pub agents: u32,

    /// Stop after this many seconds; fractions are allowed
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub seconds: Option<Duration>,

    /// Stop after this many generations of every agent; the same seed then gives the same tour
    #[arg(long, value_name = "N", value_parser = |text: &str| whole(text, 1, u64::MAX), allow_negative_numbers = true)]
    pub generations: Option<u64>,

    /// Random seed.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |text: &str| whole(text, 0, u64::MAX), allow_negative_numbers = true)]
    pub seed: u64,

    /// Stop as soon as a tour of at most this length is found
    #[arg(long, value_name = "LENGTH", value_parser = |text: &str| whole(text, 0, i64::MAX), allow_negative_numbers = true)]
    pub target: Option<i64>,

    /// Print the result as one JSON object instead of text
    #[arg(long)]
    pub json: bool,

    /// Also write the tour to this file, in TSPLIB's format; a file of that name is replaced
    #[arg(long, value_name = "FILE")]
    pub tour_out: Option<PathBuf>,

    /// Leave a component out, to see that the run fails without it; can be repeated
    ///
    /// The exit code is then 1, and the error names the component.
    #[arg(long, value_name = "COMPONENT", value_enum)]
    pub without: Vec<Component>,
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

fn whole<N: FromStr + PartialOrd + Display + Copy>(text: &str, least: N, most: N) -> Result<N, String> {
    match text.parse::<N>() {
        Ok(number) if number >= least && number <= most => Ok(number),
        _ => Err(format!("accepted: a whole number from {least} to {most}")),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    const ACCEPTED: &str = "accepted: a number of seconds above 0, up to 1000000000";
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 1e9 => {
            Duration::try_from_secs_f64(seconds).map_err(|_| ACCEPTED.to_owned())
        }
        _ => Err(ACCEPTED.to_owned()),
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

    fn run(line: &str) -> RunOptions {
        let Command::Run(options) = read(line).unwrap().unwrap().command;
        options
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
    fn defaults_are_as_documented() {
        let options = run("stratoswarm run -");
        assert_eq!(options.file, PathBuf::from("-"));
        assert_eq!((options.agents, options.seed, options.seconds, options.generations), (16, 1, None, None));
        assert!(
            !options.json
                && options.tour_out.is_none()
                && options.target.is_none()
                && options.without.is_empty()
        );
    }

    #[test]
    fn values_are_read() {
        let options =
            run("stratoswarm run a.tsp --agents 3 --seconds 0.5 --seed 7 --target 0 --json --tour-out t");
        assert_eq!((options.agents, options.seconds), (3, Some(Duration::from_millis(500))));
        assert_eq!((options.seed, options.target, options.json), (7, Some(0), true));
        assert_eq!(options.tour_out, Some("t".into()));
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
