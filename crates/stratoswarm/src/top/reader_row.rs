use stratoswarm_core::ReaderKind;

use super::{
    figure::{clean, count, lag},
    served::{Reader, ReaderFigures},
    wait_row::tasks,
};

/// A reader of a channel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ReaderRow {
    pub(super) name: String,
    pub(super) kind: Option<ReaderKind>,
    pub(super) members: u64,
    pub(super) left: u64,
    pub(super) in_hand: u64,
    pub(super) taken: u64,
    pub(super) missed: u64,
    pub(super) taken_per_s: Option<f64>,
    pub(super) lag: String,
    /// The tasks that were last seen to wait there: the first by name or number, and how many others.
    pub(super) last_task: String,
    /// What it does: `no member`, `3 in hand`, `waits`; `elsewhere` where it neither has anything in hand nor waits for more.
    pub(super) doing: String,
    /// The place where the handle was made that has waited the longest.
    pub(super) at: String,
}

impl ReaderRow {
    pub(super) fn new(reader: &Reader, figures: Option<&ReaderFigures>) -> Self {
        let figures = figures.filter(|figures| figures.name == reader.name);
        let oldest = reader.waits.iter().max_by_key(|wait| wait.waited);
        Self {
            name: clean(&reader.name),
            kind: reader.kind,
            members: reader.members,
            left: reader.left,
            in_hand: reader.in_flight,
            taken: reader.taken,
            missed: reader.skipped.missed,
            taken_per_s: figures.and_then(|figures| figures.taken_per_s),
            lag: lag(figures.and_then(|it| it.lag_s), figures.is_some_and(|it| it.lag_at_least)),
            last_task: tasks(reader.handles.iter().map(|it| (it.name.as_deref(), it.task.as_deref()))),
            doing: doing(reader),
            at: oldest.map_or_else(|| "-".to_owned(), |wait| clean(&wait.at)),
        }
    }

    /// Whether senders wait for it. Of a recorder that cannot be told from outside.
    pub(super) fn is_lossless(&self) -> bool {
        matches!(self.kind, Some(ReaderKind::Group | ReaderKind::Subscriber) | None)
    }

    pub(super) fn kind(&self) -> String {
        self.kind.map_or_else(|| "reader".to_owned(), |kind| kind.to_string())
    }
}

fn doing(reader: &Reader) -> String {
    let mut parts = Vec::new();
    if reader.members == 0 {
        parts.push("no member".to_owned());
    }
    if reader.is_paused {
        parts.push("paused".to_owned());
    }
    if reader.in_flight > 0 {
        parts.push(format!("{} in hand", count(reader.in_flight)));
    }
    match reader.waits.len() as u64 {
        0 if reader.members > 0 && reader.in_flight == 0 => parts.push("elsewhere".to_owned()),
        0 => {}
        waiting if waiting == reader.members => parts.push("waits".to_owned()),
        waiting => parts.push(format!("{waiting} of {} wait", reader.members)),
    }
    if reader.unsettled > reader.in_flight {
        parts.push(format!("{} unsettled", count(reader.unsettled)));
    }
    if reader.dead > 0 {
        parts.push(format!("{} given up", count(reader.dead)));
    }
    if reader.skipped.missed > 0 {
        parts.push(format!("missed {}", count(reader.skipped.missed)));
    }
    parts.join(", ")
}
