use std::fmt;

/// What sort of cursor a reader is.
///
/// # Examples
/// ```
/// # use stratoswarm_core::{Fabric, ReaderKind};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let readers = (jobs.join("workers"), jobs.subscribe(), jobs.tap());
/// let mut kinds: Vec<_> = jobs.info().readers.iter().map(|reader| reader.kind.to_string()).collect();
/// kinds.sort();
/// assert_eq!(kinds, ["group", "lossy subscriber", "subscriber"]);
/// let held_up_by = jobs.info().readers.into_iter().filter(|it| it.kind != ReaderKind::Lossy).count();
/// assert_eq!(held_up_by, 2, "nobody waits for a lossy one");
/// # drop(readers);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ReaderKind {
    /// A group, of which one member gets each message.
    Group,
    /// A subscriber, which gets each message.
    Subscriber,
    /// A lossy subscriber, which is told what it missed.
    Lossy,
    /// A recorder, which is told what it missed, or misses nothing and holds senders.
    Recorder,
}

impl fmt::Display for ReaderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Group => "group",
            Self::Subscriber => "subscriber",
            Self::Lossy => "lossy subscriber",
            Self::Recorder => "recorder",
        })
    }
}
