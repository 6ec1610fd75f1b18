use std::collections::{BTreeMap, BTreeSet};

use super::{figure::clean, served::Verdict};

/// The tasks that verdicts name, by the places of their waits. A snapshot has tokio's numbers only.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, BTreeSet<String>>);

impl Names {
    pub(super) fn new(verdicts: &[Verdict]) -> Self {
        let mut names: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for line in verdicts.iter().flat_map(|verdict| &verdict.lines) {
            // A channel's name is in backquotes; its place is that of a reader.
            if let (Some(at), false) = (&line.at, line.who.starts_with('`')) {
                names.entry(at.clone()).or_default().insert(clean(&line.who));
            }
        }
        Self(names)
    }

    /// The only task that is named of a place, `file:line:column`.
    pub(super) fn of(&self, at: &str) -> Option<&str> {
        let line = at.rsplit_once(':')?.0;
        let names = self.0.get(line).filter(|names| names.len() == 1)?;
        names.first().map(String::as_str)
    }
}
