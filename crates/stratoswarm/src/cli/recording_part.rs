use std::time::Duration;

use super::sizes::offset;

/// Which messages of a recording are meant.
// The documentation is what --help prints.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RecordingPart {
    /// Of this channel only; can be repeated
    #[arg(long, value_name = "NAME")]
    pub channel: Vec<String>,

    /// Of this time on, from the first message, such as 5s or 1.5m
    #[arg(long, value_name = "TIME", value_parser = offset, allow_negative_numbers = true)]
    pub from: Option<Duration>,

    /// Up to this time
    #[arg(long, value_name = "TIME", value_parser = offset, allow_negative_numbers = true)]
    pub to: Option<Duration>,
}
