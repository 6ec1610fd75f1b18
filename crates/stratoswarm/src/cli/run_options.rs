use std::{fmt::Display, path::PathBuf, str::FromStr, time::Duration};

use super::{ListenOptions, sizes::bytes};
use crate::swarm::Component;

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

    /// How often offspring are mutated besides (0 to 1)
    #[arg(long, value_name = "RATE", default_value_t = 0.3, value_parser = rate, allow_negative_numbers = true)]
    pub mutation_rate: f64,

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

    /// Offer the scheduler and the governor N times the work that they do, while the swarm goes on (2 to 1000)
    ///
    /// The load is bulk with a time to live, and some of it fails; the report has what became of it, by lanes.
    #[arg(long, value_name = "N", value_parser = |text: &str| whole(text, 2, 1000_u32), allow_negative_numbers = true)]
    pub overload: Option<u32>,

    /// Tell on standard error what does not move in the channels, when that begins and when it ends
    ///
    /// Without it, SIGQUIT (Ctrl-\) tells what does not move at that moment.
    #[arg(long)]
    pub watch: bool,

    /// Start from the best tours of the instance in this file, and keep those that are found in it
    ///
    /// A file that is not there is made. Runs of several instances may share one, one after the other. A run that is killed loses
    /// nothing that was kept. The result then depends on what is there, not on the seed alone.
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,

    /// Record all messages into this file, in the format MCAP; there must be no file of that name
    ///
    /// See `stratoswarm recording` for what can be done with it.
    #[arg(long, value_name = "FILE.mcap")]
    pub record: Option<PathBuf>,

    /// Go on recording in another file when one has so many bytes: FILE.0001.mcap, FILE.0002.mcap and so on
    ///
    /// Units are KB, MB, GB (of 1000) and KiB, MiB, GiB (of 1024); 64 KiB at least.
    #[arg(long, value_name = "SIZE", value_parser = bytes, requires = "record", allow_negative_numbers = true)]
    pub rotate: Option<u64>,

    /// Keep so many of these files, the newest (1 to 10000)
    #[arg(long, value_name = "N", value_parser = |text: &str| whole(text, 1, 10_000_usize), requires = "rotate", allow_negative_numbers = true)]
    pub keep: Option<usize>,

    /// Where to look at it from outside.
    #[command(flatten)]
    pub listen: ListenOptions,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| (0.0..=1.0).contains(rate));
    rate.ok_or_else(|| "accepted: a number from 0 to 1".to_owned())
}

fn whole<N: FromStr + PartialOrd + Display + Copy>(text: &str, least: N, most: N) -> Result<N, String> {
    match text.parse::<N>() {
        Ok(number) if number >= least && number <= most => Ok(number),
        _ => Err(format!("accepted: a whole number from {least} to {most}")),
    }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    const ACCEPTED: &str = "accepted: a number of seconds above 0, up to 1000000000";
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 1e9 => {
            Duration::try_from_secs_f64(seconds).map_err(|_| ACCEPTED.to_owned())
        }
        _ => Err(ACCEPTED.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli::{Command, Options};

    fn run(line: &str) -> RunOptions {
        let arguments = line.split_whitespace().map(OsString::from);
        match Options::read(arguments).unwrap().unwrap().command {
            Command::Run(options) => options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn defaults_are_as_documented() {
        let options = run("stratoswarm run -");
        assert_eq!(options.file, PathBuf::from("-"));
        assert_eq!((options.agents, options.seed, options.seconds, options.generations), (16, 1, None, None));
        assert!(
            options.store.is_none()
                && !options.json
                && options.tour_out.is_none()
                && options.target.is_none()
                && options.without.is_empty()
                && options.overload.is_none()
        );
    }

    #[test]
    fn a_recording_is_stated_with_its_files() {
        let options = run("stratoswarm run a.tsp --record r.mcap --rotate 1GiB --keep 5");
        assert_eq!(
            (options.record, options.rotate, options.keep),
            (Some("r.mcap".into()), Some(1 << 30), Some(5))
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
}
