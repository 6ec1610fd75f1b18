use std::{fmt, path::PathBuf};

/// A part of a file that cannot be read.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_record::{Recorded, Recording};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.mcap");
/// # let news = Fabric::new().broadcast::<u32>("news").open()?;
/// # let recording = Recording::create(&path).channel(&news).start()?;
/// # news.send(7)?;
/// # recording.finish().await?;
/// let length = std::fs::metadata(&path)?.len();
/// std::fs::OpenOptions::new().write(true).open(&path)?.set_len(length - 1)?; // as if it was cut off
/// let recorded = Recorded::open([&path])?;
/// assert_eq!(recorded.records().count(), 1);
/// assert!(recorded.damage()[0].to_string().ends_with("its summary was cut off"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// Where it begins, in bytes from the file's beginning.
    pub from: u64,
    /// Where what can be read goes on.
    pub to: u64,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, bytes {} to {}: {}", self.path.display(), self.from, self.to, self.why)
    }
}
