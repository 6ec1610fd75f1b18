use super::RunOptions;

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
