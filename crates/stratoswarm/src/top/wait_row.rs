use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use stratoswarm_core::{WaitKind, WaitState};

use super::{
    figure::clean,
    names::Names,
    served::{Wait, named},
};

/// Those who wait for the same at one place in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WaitRow {
    /// What for, and how far they are: `send`, `send, granted a place`.
    pub(super) what: String,
    pub(super) count: usize,
    /// The first of them by name or number, and how many others.
    pub(super) who: String,
    /// Of the one that waits the longest.
    pub(super) since: Duration,
    /// `file:line:column`.
    pub(super) at: String,
    /// Whether they wait for room.
    pub(super) is_blocked: bool,
}

impl WaitRow {
    /// All of them, those first who wait the longest.
    pub(super) fn all(waits: &[Wait], names: &Names) -> Vec<Self> {
        let mut groups: BTreeMap<(&str, &str, &str), Vec<&Wait>> = BTreeMap::new();
        for wait in waits {
            groups.entry((&wait.kind, &wait.state, &wait.at)).or_default().push(wait);
        }
        // Of two at one place it cannot be told which of them is the one with the name.
        let name = |alike: &[&Wait]| {
            let at = &alike.first()?.at;
            let is_alone = waits.iter().filter(|wait| wait.at == *at).count() == 1;
            names.of(at).filter(|_| is_alone)
        };
        let mut rows: Vec<_> = groups.values().map(|alike| Self::of(alike, name(alike))).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.since));
        rows
    }

    /// Of at least one.
    fn of(alike: &[&Wait], name: Option<&str>) -> Self {
        let (kind, state, at) =
            alike.first().map_or(("", "", ""), |wait| (&wait.kind, &wait.state, &wait.at));
        let known: Option<WaitState> = named(state);
        let mut what = named::<WaitKind>(kind).map_or_else(|| clean(kind), |kind| kind.to_string());
        if known != Some(WaitState::Waiting) {
            what = format!("{what}, {}", known.map_or_else(|| clean(state), |state| state.to_string()));
        }
        let known_by = alike.iter().map(|wait| (wait.name.as_deref(), wait.task.as_deref()));
        let who = name.map_or_else(|| tasks(known_by), ToOwned::to_owned);
        let since = alike.iter().map(|wait| wait.waited).max().unwrap_or_default();
        let is_blocked =
            known == Some(WaitState::Waiting) && !matches!(kind, "Closed" | "ReadersGone" | "Receive");
        Self { what, count: alike.len(), who, since, at: clean(at), is_blocked }
    }
}

/// The first of these tasks, of each its name and its number, and how many others.
pub(super) fn tasks<'a>(of: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> String {
    let text = |(name, task): (Option<&str>, Option<&str>)| {
        name.map(clean).or_else(|| task.map(|task| format!("task {}", clean(task))))
    };
    let tasks: BTreeSet<_> = of.filter_map(text).collect();
    match (tasks.first(), tasks.len()) {
        (None, _) => "-".to_owned(),
        (Some(task), 1) => task.clone(),
        (Some(task), several) => format!("{task} +{}", several - 1),
    }
}
