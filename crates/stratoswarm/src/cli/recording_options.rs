use std::path::PathBuf;

use super::{RecordingPart, RewriteOptions};

/// The options of `stratoswarm recording`.
#[derive(Debug, Clone, clap::Args)]
#[command(arg_required_else_help = false)]
pub struct RecordingOptions {
    /// What to do with them.
    #[command(subcommand)]
    pub command: RecordingCommand,
}

/// The exit codes of a comparison.
const DIFF_CODES: &str = "\
Exit codes:
  0  The recordings are the same
  1  A recording could not be read to its end
  2  A recording or an option is not acceptable
  4  They differ";

/// In which order messages are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
#[non_exhaustive]
pub enum DiffOrder {
    /// Of each sender the first with the first, the second with the second, where both recordings tell the senders
    #[default]
    Sender,
    /// The first with the first, the second with the second
    Total,
    /// In any order: each as often in the one as in the other
    Set,
}

/// What can be done with recordings.
// The documentation is what --help prints, where backticks would be noise.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Clone, clap::Subcommand)]
#[non_exhaustive]
pub enum RecordingCommand {
    /// Tell what is in a recording: its channels, what was missed, what is damaged
    ///
    /// Files that have their summaries are not gone over, so that damage before those is not seen without --verify.
    Info {
        /// The recording, or its parts
        #[arg(value_name = "REC.mcap", required = true)]
        files: Vec<PathBuf>,

        /// Read all of it, to find what is damaged
        #[arg(long)]
        verify: bool,

        /// Print one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Print the messages of a recording, one a line
    Cat {
        /// The recording, or its parts
        #[arg(value_name = "REC.mcap", required = true)]
        files: Vec<PathBuf>,

        /// Which messages.
        #[command(flatten)]
        part: RecordingPart,

        /// Of this sender only: its name, or the place where its handles were made; can be repeated
        #[arg(long, value_name = "NAME")]
        sender: Vec<String>,

        /// Print a JSON object a line
        #[arg(long)]
        json: bool,

        /// Go on with what comes, through all of its files, until the recording ends, or Ctrl-C or SIGTERM comes
        #[arg(long)]
        follow: bool,
    },
    /// Tell the first difference between two recordings
    ///
    /// Messages are compared channel by channel. Times are not looked at, nor what the recordings say is another in each run.
    #[command(after_long_help = DIFF_CODES)]
    Diff {
        /// The one recording
        #[arg(value_name = "A.mcap")]
        a: PathBuf,

        /// The other one
        #[arg(value_name = "B.mcap")]
        b: PathBuf,

        /// Whether the messages of a channel must come in the same order
        #[arg(long, value_enum, default_value_t)]
        order: DiffOrder,

        /// Pass over this part of messages, such as /at, or jobs:/at of one channel; * is any key; can be repeated
        #[arg(long, value_name = "PATH")]
        ignore: Vec<String>,

        /// Let what is there have another name in the other recording, always the same; can be repeated
        #[arg(long, value_name = "PATH")]
        rename: Vec<String>,

        /// Print one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Write what can be read of a cut or damaged recording into a new file
    Recover(RewriteOptions),
    /// Write a recording into a new file whose messages are JSON, for programs that draw no CBOR, such as Foxglove
    ///
    /// Bytes become base64, and whole numbers beyond 2^53 text. Such a file cannot be read here any more.
    Convert(RewriteOptions),
    /// Write a part of a recording into a new file
    Cut {
        /// From where, and to where.
        #[command(flatten)]
        rewrite: RewriteOptions,

        /// Which messages.
        #[command(flatten)]
        part: RecordingPart,

        /// Clear this part of messages, such as jobs:/token; * is any key; can be repeated
        ///
        /// Text, bytes, lists and maps become empty, and numbers zero. What was there is in no byte of the new file. Replies on
        /// the same channel go whole, unless it is said what of them is to go, as of the channel jobs/outcomes. A path that leads nowhere is refused, as it may be misspelt.
        #[arg(long, value_name = "CHANNEL:/PATH")]
        redact: Vec<String>,
    },
}
