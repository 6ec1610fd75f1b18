use std::path::PathBuf;

/// From which recording a new file is made.
// The documentation is what --help prints.
#[derive(Debug, Clone, clap::Args)]
pub struct RewriteOptions {
    /// The recording, or its parts
    #[arg(value_name = "REC.mcap", required = true)]
    pub files: Vec<PathBuf>,

    /// The new file
    #[arg(long, short, value_name = "OUT.mcap")]
    pub out: PathBuf,

    /// Replace a file of that name
    #[arg(long)]
    pub force: bool,
}
