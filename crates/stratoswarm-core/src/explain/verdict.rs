use std::{fmt, time::Duration};

use super::{
    Line, VerdictKind,
    text::{grouped, seconds},
};

/// Something that does not move, or too slowly, and why. Made by [`Fabric::explain`](crate::Fabric::explain).
///
/// Its `Display` has a line of summary, its lines (who, what, since when, where), of many the first 24, and what it does not know;
/// [`lines`](Self::lines) has all.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, VerdictKind};
/// # use stratoswarm_core::examples::Job;
/// let fabric = Fabric::new();
/// let (ping, pong) = (fabric.channel::<Job>("ping").capacity(1).open()?, fabric.channel::<Job>("pong").capacity(1).open()?);
/// for (name, here, there) in [("a", ping.clone(), pong.clone()), ("b", pong, ping)] {
///     let mut inbox = here.join("workers");
///     fabric.spawn(name, async move {
///         loop {
///             while inbox.try_recv().is_ok() {}
///             for n in 0..2 { there.send(Job(n)).await.ok(); } // the other's inbox has room for one
///         }
///     });
/// }
/// for _ in 0..10 { tokio::task::yield_now().await; }
/// let verdicts = fabric.explain();
/// assert_eq!(verdicts.len(), 1);
/// assert_eq!(verdicts[0].kind, VerdictKind::Deadlock);
/// assert!(verdicts[0].is_certain);
/// assert_eq!((&verdicts[0].tasks, &verdicts[0].channels), (&vec!["a".to_owned(), "b".into()], &vec!["pong".to_owned(), "ping".into()]));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Verdict {
    /// What sort it is.
    pub kind: VerdictKind,
    /// Whether it follows from what the fabric knows alone. It then takes for granted that nobody outside closes, joins,
    /// removes or aborts anything, or hands a reader to another task.
    pub is_certain: bool,
    /// The channels that are part of it, by name.
    pub channels: Vec<String>,
    /// The tasks that are part of it, by name: `task 17` is one that the fabric does not track, by tokio's number.
    pub tasks: Vec<String>,
    /// The places in the source that its lines name, as `file:line`.
    pub sites: Vec<String>,
    /// For how long it has been so: since the last of its waits began.
    pub lasted: Duration,
    /// When a deadline ends it, from now on.
    pub until: Option<Duration>,
    /// It in one sentence.
    pub summary: String,
    /// Each edge of it.
    pub lines: Vec<Line>,
    /// What follows from it: who else waits behind, or what would help. What it is not certain of.
    pub notes: Vec<String>,
    /// What tells it from others: the waits it is about.
    pub(super) key: Vec<u64>,
    /// What has to be the same in two looks.
    pub(super) fixed: Vec<u64>,
}

impl Verdict {
    pub(super) fn new(kind: VerdictKind, lasted: Duration, summary: String) -> Self {
        Self {
            kind,
            is_certain: true,
            channels: Vec::new(),
            tasks: Vec::new(),
            sites: Vec::new(),
            lasted,
            until: None,
            summary,
            lines: Vec::new(),
            notes: Vec::new(),
            key: Vec::new(),
            fixed: Vec::new(),
        }
    }

    pub(super) fn channel(mut self, name: &str) -> Self {
        if !self.channels.iter().any(|known| known == name) {
            self.channels.push(name.to_owned());
        }
        self
    }

    pub(super) fn task(mut self, name: &str) -> Self {
        if !self.tasks.iter().any(|known| known == name) {
            self.tasks.push(name.to_owned());
        }
        self
    }

    pub(super) fn line(mut self, line: Line) -> Self {
        if let Some(at) = &line.at
            && !self.sites.contains(at)
        {
            self.sites.push(at.clone());
        }
        self.lines.push(line);
        self
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(super) fn key(mut self, key: impl IntoIterator<Item = u64>) -> Self {
        self.key.extend(key);
        self
    }

    pub(super) fn fixed(mut self, fixed: impl IntoIterator<Item = u64>) -> Self {
        self.fixed.extend(fixed);
        self
    }

    /// Whether it is about the same, and nothing of it has moved.
    pub(super) fn is_as(&self, before: &Self) -> bool {
        self.kind == before.kind && self.key == before.key && self.fixed == before.fixed
    }
}

/// How many lines are written: of a circle of hundreds, the rest says no more.
const SHOWN: usize = 24;

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, lasted, summary, lines, notes, .. } = self;
        match self.until {
            Some(until) => writeln!(
                f,
                "{kind} a deadline in {}, for {} now: {summary}",
                seconds(until),
                seconds(*lasted)
            )?,
            None => writeln!(f, "{kind} for {}: {summary}", seconds(*lasted))?,
        }
        let who = lines.iter().map(|line| line.who.chars().count()).max().unwrap_or(0);
        let what = lines.iter().map(|line| line.to_string().chars().count()).max().unwrap_or(0);
        for line in &lines[..lines.len().min(SHOWN)] {
            let text = line.to_string();
            match &line.at {
                Some(at) => writeln!(f, "  {:who$}  {text:what$}  {at}", line.who)?,
                None => writeln!(f, "  {:who$}  {text}", line.who)?,
            }
        }
        if lines.len() > SHOWN {
            writeln!(f, "  .. and {} lines more", grouped((lines.len() - SHOWN) as u64))?;
        }
        for note in notes {
            writeln!(f, "  {note}")?;
        }
        Ok(())
    }
}
