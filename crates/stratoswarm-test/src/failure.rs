use std::{fmt, path::PathBuf, time::Duration};

use crate::Tally;

/// A seed under which a test fails, and what is known of it. Given by [`Seeds::find`](crate::Seeds::find); its text is what a
/// failing test says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// The test.
    pub test: String,
    /// The seed.
    pub seed: u64,
    /// How many seeds were tried, this one among them, and how many there are.
    pub tried: (u64, u64),
    /// How long it took to come to it.
    pub took: Duration,
    /// What the test said.
    pub told: String,
    /// The faults of the run.
    pub faults: Tally,
    /// The tasks that a fault has ended.
    pub ended: Vec<String>,
    /// Those that are enough for a failure: the fewest kinds that were found, and of each the fewest.
    pub least: Tally,
    /// What it said with these.
    pub least_told: String,
    /// Whether it failed again under the same seed.
    pub is_repeatable: bool,
    /// Its recording, if the test has one made.
    pub recording: Option<PathBuf>,
    /// The first difference between two recordings of it: there is none where all follows from the seed.
    pub difference: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { test, seed, tried: (tried, of), .. } = self;
        writeln!(f, "{test} fails under seed {seed}, number {tried} of {of}")?;
        indented(f, &self.told)?;
        writeln!(f, "faults: {}", self.faults)?;
        if !self.ended.is_empty() {
            writeln!(f, "tasks that a fault has ended: {}", self.ended.join(", "))?;
        }
        if !self.is_repeatable {
            writeln!(
                f,
                "the same seed passes when it is run again: not everything follows from it. What often does not: the order of a"
            )?;
            writeln!(f, "`HashMap`, `select!` without `biased`, the system's clock, other threads")?;
        } else if self.least != self.faults {
            writeln!(f, "enough for a failure: {}", self.least)?;
            if self.least_told != self.told {
                indented(f, &self.least_told)?;
            }
        }
        if let Some(difference) = &self.difference {
            writeln!(
                f,
                "two runs of this seed differ, so not everything follows from it. The first difference:"
            )?;
            indented(f, difference)?;
        }
        if let Some(recording) = &self.recording {
            writeln!(f, "recording: {}", recording.display())?;
        }
        write!(f, "again: STRATOSWARM_SEED={seed} cargo test {}", test.rsplit("::").next().unwrap_or(test))
    }
}

fn indented(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.trim_end().lines().try_for_each(|line| writeln!(f, "  {line}"))
}
