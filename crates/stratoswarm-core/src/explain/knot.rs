use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use super::{
    Line, Verdict, VerdictKind,
    cycles::{shortest_cycle, sinks},
    graph::{Graph, Mode, floor},
    look::{Doer, On, Waiting, doer, key, owner, reader_name},
    text::{count, list},
};
use crate::{
    engine::{LaneFacts, ReaderFacts},
    handle::ChannelFacts,
    waiting::Wait,
};

/// Tasks that wait for each other, of which none can move: one verdict for each set of them that waits for nobody else.
pub(super) fn knots(graph: &Graph<'_>, mode: Mode) -> Vec<Verdict> {
    let stuck = graph.stuck(mode);
    let doers: Vec<Doer> = stuck.iter().copied().collect();
    let waits_for = |doer: &Doer| {
        let blockers = graph.waits_of(*doer).flat_map(|wait| graph.blockers(wait));
        let blockers = blockers.chain(graph.look.joined_by(*doer));
        let mut blockers: Vec<_> =
            blockers.filter_map(|blocker| doers.binary_search(&blocker).ok()).collect();
        blockers.sort_unstable();
        blockers.dedup();
        blockers
    };
    let next: Vec<_> = doers.iter().map(waits_for).collect();
    sinks(&next)
        .iter()
        .filter_map(|set| shortest_cycle(set, &next))
        .map(|cycle| cycle.into_iter().map(|at| doers[at]).collect::<Vec<_>>())
        .map(|cycle| verdict(graph, &cycle, &stuck, mode))
        .collect()
}

fn verdict(graph: &Graph<'_>, cycle: &[Doer], stuck: &BTreeSet<Doer>, mode: Mode) -> Verdict {
    let look = graph.look;
    let all = cycle.iter().enumerate().map(|(at, doer)| (*doer, cycle[(at + 1) % cycle.len()]));
    let between = |doer, to| graph.waits_of(doer).find(|wait| graph.blockers(wait).contains(&to));
    let edges: Vec<(&Waiting, Doer)> =
        all.clone().filter_map(|(doer, to)| Some((between(doer, to)?, to))).collect();
    let lasted = edges.iter().map(|(wait, _)| wait.since).min().unwrap_or_default();
    let names: Vec<_> = cycle.iter().map(|doer| look.name(*doer)).collect();
    let by_room = edges.iter().all(|(wait, _)| matches!(wait.on, On::Room { .. }));
    let by_replies = edges.iter().all(|(wait, _)| matches!(wait.on, On::Reply { .. }));
    let summary = match (cycle.len(), by_room, by_replies) {
        (1, true, _) => format!("{} waits for room that only it can make", names[0]),
        (1, _, true) => format!("{} waits for a reply that only it can give", names[0]),
        (1, ..) => format!("{} waits for itself", names[0]),
        (_, true, _) => format!("{} wait for each other's full channels", list(&names)),
        (_, _, true) => format!("{} wait for each other's replies", list(&names)),
        _ => format!("{} wait for each other", list(&names)),
    };
    let kind = match mode {
        Mode::Certain => VerdictKind::Deadlock,
        Mode::Until => VerdictKind::StuckUntil,
        Mode::Suspected => VerdictKind::LooksStuck,
    };
    let mut verdict = Verdict::new(kind, lasted, summary);
    let given: Vec<_> =
        edges.iter().filter(|(wait, _)| may_be_given(graph, wait)).map(|(_, to)| look.name(*to)).collect();
    verdict.is_certain = mode != Mode::Suspected && given.is_empty();
    for (doer, to) in all {
        verdict = match between(doer, to) {
            Some(wait) => edge(graph, wait, to, verdict),
            None => joins(graph, doer, to, verdict),
        };
    }
    let mut keys: Vec<_> = edges.iter().map(|(wait, _)| wait.key).collect();
    keys.sort_unstable();
    // All on whom it rests that nobody helps: none of them may have run between two looks.
    let polls = stuck.iter().filter_map(|doer| look.task(*doer)).map(|task| task.polls);
    verdict = verdict.key(keys).fixed(polls);
    if mode == Mode::Until {
        // Of any of them: its end may help the others.
        let deadlines =
            stuck.iter().flat_map(|doer| graph.waits_of(*doer)).filter_map(|wait| graph.deadline(wait));
        verdict.until = deadlines.min().map(|at| at.saturating_duration_since(tokio::time::Instant::now()));
    }
    if let Some(behind) = behind(graph, &edges) {
        verdict = verdict.note(behind);
    }
    let unknown: Vec<_> = cycle
        .iter()
        .zip(&names)
        .filter(|(doer, _)| !matches!(doer, Doer::Tracked(_)))
        .map(|(_, name)| name.clone())
        .collect();
    if !given.is_empty() {
        let text = format!(
            "Not certain: {} may have given the request to another task. Those of `serve` are known.",
            list(&given)
        );
        return verdict.note(text);
    }
    match mode {
        Mode::Certain if verdict.kind == VerdictKind::Unpolled => {
            verdict.note("Poll it, or drop it: a future that waits for room has its place in the line.")
        }
        Mode::Certain if by_room => verdict.note(
            "Nothing they wait for can happen: no timer, no deadline, no other reader. A larger capacity only delays it.",
        ),
        Mode::Certain => verdict.note("Nothing they wait for can happen: no timer, no deadline, no other reader."),
        Mode::Until => verdict.note("Nothing but a deadline ends it."),
        Mode::Suspected => {
            let was = if unknown.len() == 1 { "was" } else { "were" };
            verdict.note(format!(
                "Not certain: {} {was} not started with Fabric::spawn, and may wait for something outside, too.",
                list(&unknown),
            ))
        }
    }
}

/// Whether the request that somebody waits for may be another's by now than the task's to which it was handed.
fn may_be_given(graph: &Graph<'_>, wait: &Waiting) -> bool {
    let On::Reply { channel, request } = wait.on else { return false };
    let asked = graph.look.request(channel, request);
    asked.is_handled && !asked.is_held
}

/// The lines of one edge: who waits, and what holds it up.
fn edge(graph: &Graph<'_>, wait: &Waiting, to: Doer, verdict: Verdict) -> Verdict {
    let look = graph.look;
    let channel = &look.channels[wait.on.channel()];
    let (who, to_name, name) = (look.name(wait.doer), look.name(to), format!("`{}`", channel.name));
    let verdict = verdict.channel(&channel.name).task(&who);
    let Some(log) = &channel.log else { return verdict };
    match wait.on {
        On::Room { lane, .. } => {
            let lane = &log.lanes[lane];
            let full = format!("{} to {name} ({} of {})", verb(graph, wait), lane.depth, lane.capacity);
            let verdict = verdict.line(Line::new(who, full).waited(wait.since).at(wait.at));
            let floor = floor(log, lane);
            let of = floor.iter().find_map(|reader| {
                let member = reader.members.iter().find(|member| owner(member) == Some(to))?;
                Some((*reader, member))
            });
            match of {
                Some((reader, member)) => {
                    let what = format!("held up by {}{}", reader_name(reader), owners(reader, &to_name));
                    verdict.fixed([reader.passed]).line(Line::new(name, what).at(member.at))
                }
                None => held(lane, channel, to, &to_name, verdict),
            }
        }
        On::Reply { request, .. } => {
            let asked = look.request(wait.on.channel(), request);
            let verdict =
                verdict.line(Line::new(who, format!("asks on {name}")).waited(wait.since).at(wait.at));
            let of = log.readers.iter().find_map(|reader| {
                let member = reader.members.iter().find(|member| owner(member) == Some(to))?;
                Some((reader, member))
            });
            let what = match (asked.is_handled, &of) {
                (true, _) => format!("{to_name} has the request"),
                (false, Some((reader, _))) => {
                    format!("the request waits for {}{}", reader_name(reader), owners(reader, &to_name))
                }
                (false, None) => format!("the request waits for {to_name}"),
            };
            let line = Line::new(name, what);
            match of {
                Some((reader, member)) => verdict.fixed([reader.passed]).line(line.at(member.at)),
                None => verdict.line(line),
            }
        }
        _ => verdict,
    }
}

/// The line of one who waits for a task that it has started.
fn joins(graph: &Graph<'_>, doer: Doer, to: Doer, verdict: Verdict) -> Verdict {
    let (who, of) = (graph.look.name(doer), graph.look.name(to));
    let line = Line::new(&who, format!("waits for {of} to end"));
    let line = match graph.look.task(doer) {
        Some(task) => line.waited(task.lasted).at(task.at),
        None => line,
    };
    verdict.task(&who).line(line)
}

/// The line of one who has a place in this lane, and waits for something else. That of a future that it does not poll is what is
/// wrong.
fn held(lane: &LaneFacts, channel: &ChannelFacts, to: Doer, to_name: &str, mut verdict: Verdict) -> Verdict {
    let of = |wait: &&Wait| doer(wait.caller.who, wait.waker) == to;
    let name = format!("`{}`", channel.name);
    if let Some(granted) = lane.granted.iter().find(of) {
        if verdict.is_certain {
            verdict.kind = VerdictKind::Unpolled;
            verdict.summary = format!(
                "a place in {name} was granted to a future of {to_name}, which does not poll it and waits for another",
            );
        }
        let what = format!("has a place for {to_name}, whose future is not polled");
        let line = Line::new(name, what).waited(granted.caller.since.elapsed()).at(granted.caller.at);
        return verdict.line(line).key([key(channel, granted.id.get())]);
    }
    let line = Line::new(name, format!("{to_name} has a permit and does not use it"));
    match lane.permits.iter().find(of) {
        Some(permit) => verdict.line(line.waited(permit.caller.since.elapsed()).at(permit.caller.at)),
        None => verdict.line(line),
    }
}

fn verb(graph: &Graph<'_>, wait: &Waiting) -> &'static str {
    let asks = graph.waits_of(wait.doer).any(|other| {
        matches!(other.on, On::Reply { .. })
            && other.on.channel() == wait.on.channel()
            && std::ptr::eq(other.at, wait.at)
    });
    if asks { "brings a request" } else { "sends" }
}

fn owners(reader: &ReaderFacts, name: &str) -> String {
    match reader.members.len() {
        1 => format!("; one member, {name}'s"),
        members => format!("; {} of them, {name}'s among them", count(members as u64, "member")),
    }
}

/// Who else waits for room in the channels of the edges.
fn behind(graph: &Graph<'_>, edges: &[(&Waiting, Doer)]) -> Option<String> {
    let mut sites: BTreeMap<String, u64> = BTreeMap::new();
    let channels: HashSet<_> = edges.iter().map(|(edge, _)| edge.on.channel()).collect();
    let doers: HashSet<_> = edges.iter().map(|(edge, _)| edge.doer).collect();
    for wait in graph.waits.iter().filter(|wait| matches!(wait.on, On::Room { .. } | On::Reply { .. })) {
        if channels.contains(&wait.on.channel()) && !doers.contains(&wait.doer) {
            *sites.entry(super::line::site(wait.at)).or_default() += 1;
        }
    }
    let total: u64 = sites.values().sum();
    let sites: Vec<_> = sites
        .into_iter()
        .map(|(site, times)| if times == 1 { site } else { format!("{site} (×{times})") })
        .collect();
    (total > 0).then(|| format!("behind: {}, {}", count(total, "wait"), sites.join(", ")))
}

/// The least that a verdict must have lasted that is not certain.
pub(super) fn is_old(verdict: &Verdict, threshold: Duration) -> bool {
    verdict.is_certain || verdict.lasted >= threshold
}
