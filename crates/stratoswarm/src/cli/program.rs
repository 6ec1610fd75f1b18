//! The program: reads, runs, prints.

use std::{ffi::OsString, process::ExitCode, sync::Arc};

use stratoswarm_core::{ChannelRegistry, Fabric, WatchEvent};

use super::{
    Command, Failure, Options, RunOptions, demo, failure::shown, input::is_instance, logging::Logging,
    looked_at, quit, read_instance, recording, signals, stored::Stored,
};
use crate::{
    report::{JsonReport, Progress, TextReport, print},
    swarm::{self, Outcome, Settings, Stop},
    tsplib::TourFile,
};

/// Runs the program with the command line `arguments`, the program's name first; see the [module](super) for the exit
/// codes.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match program(arguments) {
        Ok(code) => code,
        Err(failure) => {
            complain(&failure);
            failure.exit_code()
        }
    }
}

fn program(arguments: impl IntoIterator<Item = OsString>) -> Result<ExitCode, Failure> {
    match Options::read(arguments)? {
        Ok(Options { command: Command::Run(options) }) => run(&options)?,
        Ok(Options { command: Command::Demo(options) }) => return demo::demo(&options),
        Ok(Options { command: Command::Recording(options) }) => return recording::recording(&options),
        Ok(Options { command: Command::Replay(options) }) => return recording::replay(&options),
        Ok(Options { command: Command::Top(options) }) => looked_at::top(&options)?,
        Err(text) => {
            print(text.trim_end()).map_err(|error| Failure::Failed(format!("standard output: {error}")))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn run(options: &RunOptions) -> Result<(), Failure> {
    let logging = Logging::from_environment()?;
    let instance = Arc::new(read_instance(&options.file)?);
    if let Some(path) = &options.tour_out {
        if is_instance(path, &options.file) {
            return Err(Failure::refused_file(
                path,
                "--tour-out is the instance itself; accepted: a file of another name and content",
            ));
        }
        TourFile::check_writable(path).map_err(|error| {
            Failure::refused_file(path, format!("cannot be written: {error}; accepted: a place for a file"))
        })?;
    }
    let settings = Settings {
        agents: options.agents,
        seed: options.seed,
        seconds: options.seconds,
        generations: options.generations,
        target: options.target,
        without: options.without.clone(),
        overload: options.overload,
        mutation_rate: options.mutation_rate,
    };
    // A recording is to tell who sent what, and what became of it.
    let registry = match &options.record {
        Some(_) => ChannelRegistry::open_traced_on(&Fabric::new())
            .map_err(|error| Failure::Failed(error.to_string()))?,
        None => ChannelRegistry::new(),
    };
    let stored = Stored::prepare(options, &instance)?;
    let _console = looked_at::start(&options.listen, registry.fabric())?;
    let recording = recording::start(options, &registry)?; // late, as it makes a file
    let shelf = stored.open(&instance)?; // and so does this
    quit::explain(registry.fabric());
    // Without a thread for it there is nobody who tells.
    let _watch = options.watch.then(|| registry.fabric().watch().start(|event| complain_of(&event)).ok());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("the runtime cannot start: {error}")))?;
    let outcome = runtime.block_on(async {
        let stop = Arc::new(Stop::new());
        tokio::spawn(signals::obey(Arc::clone(&stop)));
        let progress = Progress::on_terminal();
        logging.start(&progress);
        swarm::run_on(instance, settings, progress, stop, registry, shelf).await
    });
    let recorded = match recording {
        Some(recording) => runtime.block_on(recording.finish()).map(drop),
        None => Ok(()),
    };
    // Kernels of a failed run may still be at work; nobody waits for them.
    runtime.shutdown_background();
    report(options, &outcome.map_err(|error| Failure::Failed(error.to_string()))?)?;
    recorded.map_err(|error| Failure::Failed(error.to_string()))
}

fn report(options: &RunOptions, outcome: &Outcome) -> Result<(), Failure> {
    let printed = if options.json {
        let json = serde_json::to_string(&JsonReport::new(outcome));
        print(
            json.map_err(|error| Failure::Failed(format!("the result cannot be written as JSON: {error}")))?,
        )
    } else {
        print(TextReport(outcome).to_string().trim_end())
    };
    printed.map_err(|error| Failure::Failed(format!("standard output: {error}")))?;
    let Some(path) = &options.tour_out else { return Ok(()) };
    let file = TourFile {
        name: format!("{}.tour", outcome.instance),
        comment: format!("Length {}", outcome.best_length),
        nodes: outcome.tour.order().iter().map(|&city| city as usize).collect(),
    };
    file.write(path)
        .map_err(|error| Failure::Failed(format!("{}: the tour cannot be written: {error}", shown(path))))
}

/// What does not move, or does again, on standard error.
fn complain_of(event: &WatchEvent) {
    use std::io::Write as _;
    let _ = write!(std::io::stderr(), "{event}");
}

/// One line on standard error, where it can be written at all.
fn complain(failure: &Failure) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "stratoswarm: {failure}");
}
