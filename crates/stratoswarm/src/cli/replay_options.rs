use std::path::PathBuf;

use super::{RecordingPart, sizes::pace};

/// The options of `stratoswarm replay`.
// The documentation is what --help prints, where backticks would be noise.
#[allow(clippy::doc_markdown)]
#[derive(Debug, Clone, clap::Args)]
pub struct ReplayOptions {
    /// The recording, or its parts
    #[arg(value_name = "REC.mcap", required = true)]
    pub files: Vec<PathBuf>,

    /// How many times as fast as it was recorded, such as 1, 10 or 0.5; max is as fast as the components take it
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = pace, allow_negative_numbers = true)]
    pub pace: ReplayPace,

    /// Which messages.
    #[command(flatten)]
    pub part: RecordingPart,

    /// Compare each reply with the one that was recorded
    ///
    /// A recording has those of channels that are traced.
    #[arg(long)]
    pub compare: bool,

    /// Do not compare this part of replies, such as /price, or cost:/price of one channel; * is any key; can be repeated
    #[arg(long, value_name = "PATH", requires = "compare")]
    pub ignore: Vec<String>,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// How fast a recording is replayed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ReplayPace {
    /// So many times as fast as it was recorded.
    Times(f64),
    /// As fast as it goes.
    Max,
}
