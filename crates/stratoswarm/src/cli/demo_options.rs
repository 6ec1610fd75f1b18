use std::time::Duration;

use super::{ListenOptions, run_options::seconds};
use crate::demo::Scene;

/// The options of `stratoswarm demo`.
#[derive(Debug, Clone, clap::Args)]
pub struct DemoOptions {
    /// What goes wrong
    #[arg(value_name = "NAME", value_enum)]
    pub scene: Scene,

    /// Play the same on tokio's channels, to see what they tell
    #[arg(long, conflicts_with = "listen")]
    pub twin: bool,

    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,

    /// Look for so many seconds at most; 4 if not stated, 3 with --twin, 20 for quiet, 60 with --listen
    #[arg(long, value_name = "S", value_parser = seconds, allow_negative_numbers = true)]
    pub seconds: Option<Duration>,

    /// Where to look at it from outside; then it goes on when it is explained.
    #[command(flatten)]
    pub listen: ListenOptions,
}
