use super::{DemoOptions, RecordingOptions, ReplayOptions, RunOptions, TopOptions};

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
    /// Show a program that does not move, and what the library says of it
    ///
    /// Each of the demonstrations goes wrong in its own way, on real time and within five seconds (quiet: 20), and ends as
    /// soon as it is explained. Their sources are in crates/stratoswarm/src/demo.
    #[command(after_long_help = DEMO_CODES)]
    Demo(DemoOptions),
    /// Look at recordings: what is in them, and what is missing
    ///
    /// They are made by `run --record`, or by any program with the library stratoswarm-record. Of one that rotated, all parts
    /// may be named, or the name that they were made of.
    Recording(RecordingOptions),
    /// Send what was recorded to the components of a swarm once more, and tell what became of it
    ///
    /// The components are new ones, as those of `run`, each on its own: the device, the scheduler, the governor, the cost model, the
    /// monitor and the store. They get what their channels had, in its order; where they are too slow it waits. There are no agents,
    /// and nobody else who sends: the evolution is not replayed, as it asks the device itself, and what it asked is among what the
    /// device gets. The events are not, as nothing answers them. What a component makes up, as the identifiers of grants, is another.
    /// Requests do not wait for the replies to those before them, as their callers did: the device may answer otherwise for that.
    #[command(after_long_help = REPLAY_CODES)]
    Replay(ReplayOptions),
    /// Show a swarm of another process: its channels, who reads them, who waits, and what does not move
    ///
    /// Without PID it is the only process of yours that listens for this. ? shows the keys; q ends it, and so does the end of the
    /// process.
    #[command(after_long_help = TOP_CODES)]
    Top(TopOptions),
}

/// The same for demonstrations.
const DEMO_CODES: &str = "\
Exit codes:
  0  Nothing is stuck or slow; always with --twin
  1  The demonstration could not be played
  2  An option is not acceptable
  3  Something is stuck or slow";

/// The same for replays.
const REPLAY_CODES: &str = "\
Exit codes:
  0  All was sent, also what was sent up to Ctrl-C or SIGTERM
  1  The recording could not be read to its end, or a component ended
  2  The recording or an option is not acceptable
  4  Replies differ from the recorded ones";

/// The same for looks at another process.
const TOP_CODES: &str = "\
Environment:
  NO_COLOR         If it is set, and not empty, there are no
                   colours
  XDG_RUNTIME_DIR  Where processes listen, in stratoswarm/

Exit codes:
  0  You left, the picture was printed, or the process has ended
  1  The process does not answer, or wants another token, or the picture cannot be written
  2  There is no such process, or more than one to choose from, or an option is not acceptable";

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
