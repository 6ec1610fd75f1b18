use std::{fmt, panic::Location, time::Duration};

/// One line of a [`Verdict`](crate::Verdict): who, what, since when, and where in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Line {
    /// A task, or a channel in backquotes.
    pub who: String,
    /// What it does or what holds it up.
    pub what: String,
    /// For how long.
    pub waited: Option<Duration>,
    /// Where, as `file:line`.
    pub at: Option<String>,
}

impl Line {
    pub(super) fn new(who: impl Into<String>, what: impl Into<String>) -> Self {
        Self { who: who.into(), what: what.into(), waited: None, at: None }
    }

    pub(super) fn waited(mut self, waited: Duration) -> Self {
        self.waited = Some(waited);
        self
    }

    pub(super) fn at(mut self, at: &Location<'_>) -> Self {
        self.at = Some(site(at));
        self
    }
}

/// A place in the source.
pub(super) fn site(at: &Location<'_>) -> String {
    format!("{}:{}", at.file(), at.line())
}

/// The text of a line, without its place.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match self.waited {
            Some(waited) => write!(f, ", {}", super::text::seconds(waited)),
            None => Ok(()),
        }
    }
}
