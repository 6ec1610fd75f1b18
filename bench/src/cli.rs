//! The command line.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | everything was measured, and every check of ours held |
//! | 1 | a message was lost, doubled or damaged, a run did not end, or a check of ours did not hold |
//! | 2 | an option is not acceptable; nothing was run |

use std::{ffi::OsString, path::Path, process::ExitCode};

use anyhow::ensure;
use clap::Parser as _;

use crate::{
    cases, floor, growth,
    machine::Machine,
    measure::{self, Case, Row},
    properties::{self, Verdict},
    report::{self, Results},
    runtime::Flavor,
};

/// The library and its rivals side by side, in one run. Without options: a short selection in one to two minutes.
#[derive(Debug, clap::Parser)]
#[allow(clippy::struct_excessive_bools, reason = "one per flag")]
#[command(name = "stratoswarm-bench", version)]
struct Options {
    /// Every case, more repetitions
    #[arg(long)]
    full: bool,

    /// The case of this name, or all whose names begin with it; may be repeated
    #[arg(long, value_name = "NAME")]
    case: Vec<String>,

    /// Of the rivals this one only; may be repeated
    #[arg(long, value_name = "RIVAL", conflicts_with_all = ["floor", "growth", "write"])]
    rival: Vec<String>,

    /// How often ours and each rival take turns (1 to 1000)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    repetitions: Option<u16>,

    /// An array of objects on standard output instead of tables
    #[arg(long)]
    json: bool,

    /// The floor only: what this machine asks for locks, atomics, hand-offs, wakes, clock and copies
    #[arg(long, conflicts_with_all = ["full", "case", "growth", "repetitions"])]
    floor: bool,

    /// Growth only: cost over subscribers, senders, handles, requests in flight, channels and the size of a message
    #[arg(long, conflicts_with_all = ["full", "case"])]
    growth: bool,

    /// Measure everything and write bench/RESULTS.md with its plots
    #[arg(long, conflicts_with_all = ["case", "json", "floor", "growth"])]
    write: bool,

    /// One check of one contender, for a process of its own
    #[arg(long, hide = true, value_name = "ROLE/RIVAL/PROPERTY")]
    check: Option<String>,
}

/// Where the results are written: `bench`, also where the manifest is another.
const DIRECTORY: &str = match option_env!("STRATOSWARM_BENCH") {
    Some(directory) => directory,
    None => env!("CARGO_MANIFEST_DIR"),
};

/// Runs the program.
pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let options = match Options::try_parse_from(arguments) {
        Ok(options) => options,
        Err(error) if error.use_stderr() => return refuse(&error.to_string()),
        Err(help) => {
            print!("{help}");
            return ExitCode::SUCCESS;
        }
    };
    let cases = match select(&options) {
        Ok(cases) => cases,
        Err(error) => return refuse(&error.to_string()),
    };
    match run(&options, &cases) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One line: the first of clap's, whose others repeat the usage, with the values it lists.
fn refuse(error: &str) -> ExitCode {
    let mut lines = error.lines().map(str::trim).take_while(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let rest: Vec<&str> = lines.collect();
    let colon = if first.starts_with("error: ") { "" } else { "error: " };
    eprintln!("{colon}{} (see --help)", [&[first], &rest[..]].concat().join(" "));
    ExitCode::from(2)
}

/// The cases asked for. A full name means that case alone, so that `queue/1x1/100` does not bring `queue/1x1/1000`.
fn select(options: &Options) -> anyhow::Result<Vec<Case>> {
    let all = of_rivals(cases::all(), &options.rival)?;
    if options.case.is_empty() {
        return Ok(all.into_iter().filter(|case| case.short || options.full || options.write).collect());
    }
    let full_names: Vec<bool> =
        options.case.iter().map(|name| all.iter().any(|case| case.name == *name)).collect();
    for name in &options.case {
        ensure!(
            all.iter().any(|case| case.name.starts_with(name.as_str())),
            "no case begins with '{name}'; they are queue/1x1/1000, batch/.., gated/.., lossy/.., request/.., bytes/.., memory/.., accounts/.., lanes/.., ttl/.., acked/.., ordered/.., fair/.., mux/.., record/.., recording/.."
        );
    }
    let asked =
        |case: &Case| {
            options.case.iter().zip(&full_names).any(|(name, full)| {
                if *full { case.name == *name } else { case.name.starts_with(name.as_str()) }
            })
        };
    Ok(all.into_iter().filter(asked).collect())
}

/// The cases against these rivals alone, and those only that have one of them; all, if none is named.
fn of_rivals(mut cases: Vec<Case>, rivals: &[String]) -> anyhow::Result<Vec<Case>> {
    for rival in rivals {
        let known = cases.iter().flat_map(|case| &case.rivals).any(|contender| contender.name == *rival);
        ensure!(
            known,
            "there is no rival '{rival}'; an older revision takes part where bench/before has built the bench"
        );
    }
    if !rivals.is_empty() {
        for case in &mut cases {
            case.rivals.retain(|contender| rivals.iter().any(|rival| contender.name == *rival));
        }
        cases.retain(|case| !case.rivals.is_empty());
    }
    Ok(cases)
}

fn run(options: &Options, cases: &[Case]) -> anyhow::Result<()> {
    crossfire::detect_backoff_cfg(); // as its documentation asks
    if let Some(check) = &options.check {
        return report::print_json(&properties::check(check)?);
    }
    if options.floor {
        let parts = floor::measure()?;
        if options.json {
            return report::print_json(&parts);
        }
        report::print_floor(&parts);
        return Ok(());
    }
    let repetitions = usize::from(options.repetitions.unwrap_or(match options {
        Options { growth: true, .. } => growth::REPETITIONS,
        Options { full, write, .. } if *full || *write => 25,
        _ => 15,
    }));
    if options.growth {
        let series = growth::measure(repetitions, |series| {
            if !options.json {
                report::print_series(series);
            }
        })?;
        return if options.json { report::print_json(&series) } else { Ok(()) };
    }

    let verdicts = properties::all(cases, if options.full || options.write { 5 } else { 1 })?;
    if !options.json {
        report::print_verdicts(&verdicts);
    }
    let rows = measure_all(cases, repetitions, options.json, &verdicts)?;
    if options.json {
        report::print_rows_json(&rows)?;
    } else {
        report::print_before(&rows);
    }
    if options.write {
        let growth = growth::measure(growth::REPETITIONS.into(), report::print_series)?;
        let floor = floor::measure()?;
        let machine = Machine::here();
        let results = Results { machine, repetitions, rows, verdicts: verdicts.clone(), floor, growth };
        report::write(Path::new(DIRECTORY), &results)?;
    }
    properties::hold(&verdicts)
}

fn measure_all(
    cases: &[Case],
    repetitions: usize,
    quiet: bool,
    verdicts: &[Verdict],
) -> anyhow::Result<Vec<Row>> {
    let mut all = Vec::new();
    for case in cases {
        for flavor in Flavor::ALL {
            let rows = measure::measure(case, flavor, repetitions)?;
            if !quiet {
                report::print_case(&rows, verdicts);
            }
            all.extend(rows);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::{Options, select};

    fn names(arguments: &[&str]) -> anyhow::Result<Vec<String>> {
        let options = Options::try_parse_from([&["stratoswarm-bench"], arguments].concat())?;
        Ok(select(&options)?.into_iter().map(|case| case.name).collect())
    }

    #[test]
    fn a_full_name_is_that_case_alone() {
        assert_eq!(names(&["--case", "queue/1x1/100"]).unwrap(), ["queue/1x1/100"]);
        assert_eq!(names(&["--case", "queue/4x1", "--case", "request"]).unwrap().len(), 5);
    }

    #[test]
    fn a_rival_alone() {
        let cases = names(&["--full", "--rival", "tachyonix"]).unwrap();
        assert!(cases.len() == 6 && cases.iter().all(|case| case.starts_with("queue/")), "{cases:?}");
        assert!(names(&["--rival", "pigeon"]).unwrap_err().to_string().contains("pigeon"));
        assert!(names(&["--rival", "tachyonix", "--case", "lossy"]).is_err());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(names(&["--case", "pigeon"]).unwrap_err().to_string().contains("pigeon"));
        for wrong in
            [&["--fast"][..], &["--write", "--json"], &["--repetitions", "0"], &["--floor", "--growth"]]
        {
            assert!(names(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_case_has_a_name_of_its_own() {
        let mut all = names(&["--full"]).unwrap();
        let n = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), n);
    }
}
