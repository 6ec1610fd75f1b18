use std::fmt;

/// Why a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// A tour of the target's length was found.
    Target,
    /// The generations asked for are done.
    Generations,
    /// The time is over.
    Seconds,
    /// Nothing better was found for a while.
    Stagnation,
    /// Someone asked for it: Ctrl-C or SIGTERM.
    Interrupted,
}

impl Ending {
    /// One word, as in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Generations => "generations",
            Self::Seconds => "seconds",
            Self::Stagnation => "stagnation",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Target => "the target is reached",
            Self::Generations => "all generations are done",
            Self::Seconds => "the time is over",
            Self::Stagnation => "nothing better for a while",
            Self::Interrupted => "interrupted",
        })
    }
}
