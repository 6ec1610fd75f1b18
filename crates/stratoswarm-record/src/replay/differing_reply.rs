use std::fmt;

/// A reply that was another than the recorded one; told by [`ReplayReport`](crate::ReplayReport).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DifferingReply {
    /// The channel of the request.
    pub channel: String,
    /// The number that the request had there when it was recorded.
    pub number: u64,
    /// Where in the reply they differ, as a JSON pointer.
    pub path: String,
    /// What was recorded there, as JSON; none if nothing was.
    pub recorded: Option<String>,
    /// What is there now, as JSON; none if nothing is, or no reply came.
    pub now: Option<String>,
}

impl fmt::Display for DifferingReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channel, number, path, recorded, now } = self;
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(f, "{channel} {number}")?;
        if !path.is_empty() {
            write!(f, " {path}")?;
        }
        write!(f, ": {} was recorded, now {}", value(recorded), value(now))
    }
}
