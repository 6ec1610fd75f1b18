//! All wait for something to do.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Line, Verdict, VerdictKind,
    look::{Doer, Look, On, reader_name},
    text::grouped,
};
use crate::{engine::Kind, tasks::Phase};

/// Tells that nobody has anything to do: every task that is known waits for a message, and none is on its way. None if anything else is
/// so, or if it has not lasted so long.
pub(super) fn quiet(look: &Look, threshold: Duration) -> Option<Verdict> {
    let waits = look.waits();
    let is_input = |on: On| matches!(on, On::Message { .. } | On::End { .. });
    if !look.channels.iter().all(|channel| channel.log.as_ref().is_some_and(is_empty))
        || !waits.iter().all(|wait| is_input(wait.on))
        || !waits.iter().any(|wait| matches!(wait.on, On::Message { .. }))
    {
        return None;
    }
    let doers: BTreeSet<Doer> = waits.iter().map(|wait| wait.doer).collect();
    let waits_too = |doer| doers.contains(&doer) || look.joined_by(doer).any(|child| doers.contains(&child));
    let mut tasks = look.tasks.values();
    if tasks.any(|task| task.phase != Phase::Parked || !waits_too(Doer::Tracked(task.number))) {
        return None;
    }
    let lasted = waits.iter().map(|wait| wait.since).min().filter(|lasted| *lasted >= threshold)?;
    let summary = match doers.len() {
        1 => "the only task waits for messages, and there are none".to_owned(),
        count => format!("all {} tasks wait for messages, and there are none", grouped(count as u64)),
    };
    let mut verdict = Verdict::new(VerdictKind::Quiet, lasted, summary);
    verdict.is_certain = false; // nobody knows of the tasks that wait for nothing here
    for wait in &waits {
        let channel = &look.channels[wait.on.channel()];
        let what = match (wait.on, &channel.log) {
            (On::Message { reader, .. }, Some(log)) => {
                format!("waits for a message of `{}`, in {}", channel.name, reader_name(&log.readers[reader]))
            }
            _ => format!("waits for the end of `{}`", channel.name),
        };
        let who = look.name(wait.doer);
        let line = Line::new(&who, what).waited(wait.since).at(wait.at);
        verdict = verdict.channel(&channel.name).task(&who).line(line).key([wait.key]);
    }
    let polls = look.tasks.values().map(|task| u64::from(task.number).rotate_left(32) ^ task.polls);
    let mut fixed: Vec<_> = polls.collect();
    fixed.sort_unstable();
    let sent = look.channels.iter().filter_map(|channel| Some(channel.log.as_ref()?.sent));
    let verdict = verdict.fixed(fixed).fixed(sent);
    Some(verdict.note("Nothing is wrong here: whoever is to send has nothing to send, or is none of these."))
}

/// Nothing waits in it, is in somebody's hand, or on its way in.
fn is_empty(log: &crate::engine::LogFacts) -> bool {
    let is_idle = |lane: &crate::engine::LaneFacts| {
        lane.line.is_empty() && lane.granted.is_empty() && lane.unserved.is_empty()
    };
    let mut readers = log.readers.iter().filter(|reader| reader.kind != Kind::Recorder);
    log.lanes.iter().all(is_idle) && readers.all(|reader| reader.left == 0 && reader.in_flight == 0)
}
