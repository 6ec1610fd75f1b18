//! What one channel or one task tells alone.

use std::time::Duration;

use super::{
    Line, Verdict, VerdictKind,
    graph::{Graph, floor, has_lossless, is_group},
    look::{Look, doer, is_for_bytes, key, owner, reader_name},
    text::{count, grouped, seconds},
};
use crate::{
    engine::{Kind, LaneFacts, LogFacts, Member, ReaderFacts},
    handle::ChannelFacts,
    tasks::{Phase, TaskFacts},
    waiting::Wait,
};

/// A reader is found to have lost a wake when it is parked for so long while it has something.
const WAKE: Duration = Duration::from_millis(100);

/// Looks at each channel and each task. `before`: an earlier look, if there is one.
pub(super) fn findings(graph: &Graph<'_>, before: Option<&Look>, threshold: Duration) -> Vec<Verdict> {
    let look = graph.look;
    let mut found = Vec::new();
    for channel in &look.channels {
        let Some(log) = &channel.log else {
            found.push(locked(channel));
            continue;
        };
        let here = Here { look, before, channel, log, threshold };
        for lane in &log.lanes {
            found.extend(here.unread(lane));
            for reader in floor(log, lane) {
                found.extend(here.held_up_by(lane, reader));
            }
            found.extend(here.starved(lane));
            found.extend(here.unpolled(lane));
            found.extend(here.unserved(lane));
        }
        found.extend(here.requests_without_members());
        found.extend(here.lost_wakes());
        found.extend(here.leak());
    }
    found
}

/// One channel, and what is needed to judge it.
struct Here<'a> {
    look: &'a Look,
    before: Option<&'a Look>,
    channel: &'a ChannelFacts,
    log: &'a LogFacts,
    threshold: Duration,
}

impl Here<'_> {
    fn name(&self) -> String {
        format!("`{}`", self.channel.name)
    }

    fn verdict(&self, kind: VerdictKind, lasted: Duration, summary: String) -> Verdict {
        Verdict::new(kind, lasted, summary).channel(&self.channel.name)
    }

    /// For how long the longest waiting of these has waited, if that is long enough.
    fn oldest(&self, waits: &[Wait]) -> Option<Duration> {
        let oldest = waits.iter().map(|wait| wait.caller.since.elapsed()).max()?;
        (oldest >= self.threshold).then_some(oldest)
    }

    /// Adds the first of those who wait, and how many there are.
    fn waiters(&self, verdict: Verdict, waits: &[Wait], does: &str) -> Verdict {
        let Some(first) = waits.first() else { return verdict };
        let who = self.look.name(doer(first.caller.who, first.waker));
        let line = Line::new(&who, format!("{does} {}", self.name()));
        let line = line.waited(first.caller.since.elapsed()).at(first.caller.at);
        let verdict = verdict.task(&who).line(line).key([key(self.channel, first.id.get())]);
        match waits.len() as u64 - 1 {
            0 => verdict,
            more => verdict.note(format!("behind: {}", count(more, "wait"))),
        }
    }

    /// Senders wait, and there is no reader at all.
    fn unread(&self, lane: &LaneFacts) -> Option<Verdict> {
        if self.log.closed || has_lossless(self.log) {
            return None;
        }
        let lasted = self.oldest(&lane.line)?;
        let summary = format!("senders wait for room in {}, and it has no reader", self.name());
        let verdict = self.verdict(VerdictKind::NoReader, lasted, summary);
        let full = format!("is full ({} of {}): join a group or subscribe", lane.depth, lane.capacity);
        let verdict = self.waiters(verdict, &lane.line, "sends to");
        Some(verdict.line(Line::new(self.name(), full).at(self.channel.at)).fixed([self.log.sent]))
    }

    /// Senders wait for this reader.
    fn held_up_by(&self, lane: &LaneFacts, reader: &ReaderFacts) -> Option<Verdict> {
        if lane.line.is_empty() || reader.paused || self.log.closed {
            return None;
        }
        if let Some(slow) = self.slow(lane, reader) {
            return Some(slow);
        }
        let lasted = self.oldest(&lane.line)?;
        let (name, of) = (self.name(), reader_name(reader));
        let held = format!("held up by {of}, {} behind", grouped(reader.left));
        let Some(member) = reader.members.first() else {
            let summary = format!(
                "{of} of {name} has no member, and holds {} and {}",
                count(reader.left, "message"),
                count(lane.line.len() as u64, "sender"),
            );
            let verdict = self.verdict(VerdictKind::NoMember, lasted, summary);
            let verdict = self.waiters(verdict, &lane.line, "sends to").line(Line::new(name, held));
            return Some(verdict.fixed([reader.passed]));
        };
        if reader.members.iter().all(|member| member.who.is_none()) {
            let why = "nobody has ever polled it";
            if member.made.elapsed() < self.threshold {
                return None;
            }
            let summary = format!("senders wait for {of} of {name}, and {why}");
            let verdict = self.verdict(VerdictKind::NoReader, lasted, summary);
            let verdict = self.waiters(verdict, &lane.line, "sends to");
            let line = Line::new(name, format!("{held}: {why}")).at(member.at);
            return Some(verdict.line(line).fixed([reader.passed]));
        }
        let (member, task) = self.sole_task(reader)?;
        self.outside(lane, reader, member, task, lasted)
    }

    /// All room is granted, and those who have it cannot run to use it, as a reader's task does not let go of their thread.
    fn starved(&self, lane: &LaneFacts) -> Option<Verdict> {
        let is_woken = |wait: &Wait| {
            let task = self.look.task(doer(wait.caller.who, wait.waker));
            task.is_some_and(|task| task.phase == Phase::Woken)
        };
        if !lane.floor.is_empty() || lane.granted.is_empty() || !lane.granted.iter().all(is_woken) {
            return None;
        }
        let lasted = self.oldest(&lane.line)?;
        let lossless = self.log.readers.iter().filter(|reader| reader.kind != Kind::Recorder);
        let mut tasks = lossless.filter_map(|reader| Some((reader, self.sole_task(reader)?)));
        let (reader, (member, task)) = tasks.find(|(_, (_, task))| task.phase == Phase::Running)?;
        self.outside(lane, reader, member, task, lasted)
    }

    /// The only member of a reader, if its task is tracked.
    fn sole_task<'b>(&self, reader: &'b ReaderFacts) -> Option<(&'b Member, &TaskFacts)> {
        let [member] = &*reader.members else { return None };
        Some((member, self.look.task(owner(member)?)?))
    }

    /// Senders wait for a task that computes, or waits for something else.
    fn outside(
        &self,
        lane: &LaneFacts,
        reader: &ReaderFacts,
        member: &Member,
        task: &TaskFacts,
        lasted: Duration,
    ) -> Option<Verdict> {
        let what = match task.phase {
            Phase::Running => "has been running for {} without a break",
            Phase::Parked if self.look.foreign(task) > 0 => {
                "has waited for {} for something outside of the fabric"
            }
            _ => return None,
        };
        if task.lasted < self.threshold {
            return None;
        }
        let what = what.replace("{}", &seconds(task.lasted));
        let summary = format!("{} holds up {}: it {what}", task.name, self.name());
        let held = if lane.floor.is_empty() {
            "has granted its room to senders that cannot run".to_owned()
        } else {
            format!("held up by {}, {} behind", reader_name(reader), grouped(reader.left))
        };
        let verdict = self.verdict(VerdictKind::Outside, lasted, summary).task(&task.name);
        let verdict = self.waiters(verdict, &lane.line, "sends to");
        let verdict = verdict.line(Line::new(self.name(), held).at(member.at));
        let hand = match reader.in_flight {
            0 => String::new(),
            messages => format!(", with {} in hand", count(messages, "message")),
        };
        let line = Line::new(task.name.to_string(), format!("{what}{hand}")).at(task.at);
        Some(verdict.line(line).fixed([reader.passed, task.polls]))
    }

    /// It alone held up all others at the look before, and does now.
    fn slow(&self, lane: &LaneFacts, reader: &ReaderFacts) -> Option<Verdict> {
        let before = self.before?;
        let between =
            self.look.at.checked_duration_since(before.at).filter(|it| *it >= self.threshold / 4)?;
        let channel = before.channels.iter().find(|channel| channel.address == self.channel.address)?;
        let then = channel.log.as_ref()?;
        let was = then.readers.iter().find(|then| then.number == reader.number)?;
        let alone = |log: &LogFacts| {
            let held = log.lanes.iter().any(|lane| !lane.line.is_empty() && lane.floor == [reader.number]);
            let lossless = || log.readers.iter().filter(|it| it.kind != Kind::Recorder);
            let left = lossless().find(|it| it.number == reader.number).map_or(0, |it| it.left);
            held && lossless().count() > 1
                && lossless().all(|it| it.number == reader.number || 2 * it.left <= left)
        };
        let took = reader.passed.checked_sub(was.passed).filter(|took| *took > 0)?;
        if !alone(then) || !alone(self.log) {
            return None;
        }
        let rate = took as f64 / between.as_secs_f64();
        let drain = Duration::try_from_secs_f64(reader.left as f64 / rate).unwrap_or(Duration::MAX);
        let (name, of) = (self.name(), reader_name(reader));
        let summary = format!(
            "{of} holds all other readers of {name} up: {} behind, {rate:.0}/s, {} to drain",
            grouped(reader.left),
            seconds(drain),
        );
        let mut verdict = self.verdict(VerdictKind::Slow, between, summary).key([reader.number]);
        let (member, who) = (reader.members.first(), reader.members.iter().find_map(owner));
        let who = who.map(|doer| self.look.name(doer));
        if let Some(who) = &who {
            verdict = verdict.task(who);
        }
        let what = match &who {
            Some(who) => format!("held up by {of}, {who}'s"),
            None => format!("held up by {of}"),
        };
        let line = Line::new(name, what);
        verdict = verdict.line(match member {
            Some(member) => line.at(member.at),
            None => line,
        });
        Some(verdict.note(format!(
            "{} for room",
            match lane.line.len() {
                1 => "one sender waits".to_owned(),
                senders => format!("{} senders wait", grouped(senders as u64)),
            }
        )))
    }

    /// Places that were granted, to futures that nobody polls.
    fn unpolled(&self, lane: &LaneFacts) -> Option<Verdict> {
        let is_old = |wait: &&Wait| {
            if is_for_bytes(wait) {
                return false;
            }
            match self.look.task(doer(wait.caller.who, wait.waker)) {
                // The grant has woken it; since then it has been polled, and not this future.
                Some(task) => task.phase == Phase::Parked && task.lasted >= self.threshold,
                None => self.was_granted(wait),
            }
        };
        let granted: Vec<_> = lane.granted.iter().filter(is_old).collect();
        let first = granted.first()?;
        let who = self.look.name(doer(first.caller.who, first.waker));
        let lasted = match self.look.task(doer(first.caller.who, first.waker)) {
            Some(task) => task.lasted,
            None => self.threshold,
        };
        let name = self.name();
        let summary = format!(
            "a place in {name} was granted to {who} {} ago or more and is not taken: its future is not polled",
            seconds(lasted),
        );
        let does = format!("was granted a place in {name}, and does not poll the future that waits for it");
        let line = Line::new(&who, does).waited(first.caller.since.elapsed()).at(first.caller.at);
        let mut verdict = self.verdict(VerdictKind::Unpolled, lasted, summary).task(&who).line(line);
        verdict.is_certain = false; // it may poll it later
        let verdict = verdict.key([key(self.channel, first.id.get())]);
        let verdict = self.waiters(verdict, &lane.line, "sends to");
        Some(verdict.note("Poll it, or drop it: a future that waits for room has its place in the line."))
    }

    /// Whether it was granted its place at the look before already, long enough ago.
    fn was_granted(&self, wait: &Wait) -> bool {
        let Some(before) = self.before else { return false };
        let long = self.look.at.checked_duration_since(before.at).is_some_and(|it| it >= self.threshold);
        let channel = before.channels.iter().find(|channel| channel.address == self.channel.address);
        let lanes = channel.and_then(|channel| channel.log.as_ref()).into_iter().flat_map(|log| &log.lanes);
        long && lanes.flat_map(|lane| &lane.granted).any(|it| it.id == wait.id)
    }

    fn unserved(&self, lane: &LaneFacts) -> Option<Verdict> {
        if self.log.closed {
            return None;
        }
        let lasted = self.oldest(&lane.unserved)?;
        let summary = format!("requests wait on {}, and there is no group to serve them", self.name());
        let verdict = self.verdict(VerdictKind::Unserved, lasted, summary);
        let verdict = self.waiters(verdict, &lane.unserved, "asks on");
        Some(verdict.line(Line::new(self.name(), "has no group: join one").at(self.channel.at)))
    }

    /// Requests are queued for groups of which none has a member any more.
    fn requests_without_members(&self) -> Option<Verdict> {
        let deserted = self.log.readers.iter().filter(|reader| is_group(reader));
        if self.log.closed || deserted.clone().any(|group| !group.members.is_empty()) {
            return None;
        }
        let group = deserted.clone().find(|group| group.was_joined)?;
        if self.log.lanes.iter().any(|lane| !lane.line.is_empty()) {
            return None; // told by those who wait for room
        }
        let waiting = self.channel.asked.iter().filter(|asked| !asked.is_handled);
        let first = waiting.clone().max_by_key(|asked| asked.caller.since.elapsed())?;
        let lasted = first.caller.since.elapsed();
        if lasted < self.threshold {
            return None;
        }
        let (name, of) = (self.name(), reader_name(group));
        let who = self.look.name(doer(first.caller.who, first.waker));
        let summary = format!(
            "{of} of {name} has no member any more, and holds {}",
            count(waiting.count() as u64, "request"),
        );
        let line = Line::new(&who, format!("asks on {name}")).waited(lasted).at(first.caller.at);
        let verdict = self.verdict(VerdictKind::NoMember, lasted, summary).task(&who).line(line);
        Some(verdict.key([first.address as u64]).fixed([group.passed]))
    }

    /// Readers that are parked while something is there for them: a fault of this library's.
    fn lost_wakes(&self) -> Vec<Verdict> {
        let readers = self.log.readers.iter().filter(|reader| {
            matches!(reader.kind, Kind::Group(_) | Kind::Subscriber)
                && reader.left > 0
                && !reader.paused
                && !reader.keeps
        });
        let mut found = Vec::new();
        for reader in readers {
            // One that was woken is about to look, and the others may wait on.
            if reader.parked.len() < reader.members.len() {
                continue;
            }
            for wait in reader.parked.iter().filter(|wait| wait.waker.is_some()) {
                let waited = wait.caller.since.elapsed();
                if waited < WAKE {
                    continue;
                }
                let who = self.look.name(doer(wait.caller.who, wait.waker));
                let (of, name) = (reader_name(reader), self.name());
                let summary = format!(
                    "{who} waits for a message of {of} of {name}, which has {}",
                    grouped(reader.left)
                );
                let verdict = self.verdict(VerdictKind::LostWake, waited, summary).task(&who);
                let verdict =
                    verdict.line(Line::new(&who, format!("reads {name}")).waited(waited).at(wait.caller.at));
                let verdict = verdict.note("A fault of stratoswarm-core: please report it.");
                found.push(
                    verdict.key([key(self.channel, wait.id.get())]).fixed([reader.passed, reader.left]),
                );
            }
        }
        found
    }

    /// A task waits for the next message of a channel that is kept open by its own handles alone.
    fn leak(&self) -> Option<Verdict> {
        if self.log.closed || self.channel.is_kept_open {
            return None;
        }
        let mut makers = self.channel.handles.iter().filter(|site| site.sends).peekable();
        makers.peek()?;
        let maker = makers.clone().next()?.maker?;
        if self.channel.handles.iter().any(|site| site.sends && site.maker != Some(maker)) {
            return None;
        }
        let task = self.look.tasks.get(&maker)?;
        let readers = || self.log.readers.iter().filter(|reader| reader.kind != Kind::Recorder);
        let mine = |wait: &Wait| wait.caller.who.tracked == Some(maker);
        let waits = readers().find_map(|reader| reader.parked.iter().find(|wait| mine(wait)))?;
        let waited = waits.caller.since.elapsed();
        // Another that lives may have been given one of the handles.
        let others = self.look.tasks.values().filter(|other| other.number != maker);
        let alone = !self.look.moves(task) && others.clone().all(|other| !self.look.moves(other));
        if !alone || waited < self.threshold || readers().any(|reader| reader.left > 0) {
            return None;
        }
        let name = self.name();
        let summary = format!("{} waits for the end of {name}, which its own handle keeps open", task.name);
        let mut verdict = self.verdict(VerdictKind::Leak, waited, summary).task(&task.name);
        verdict.is_certain = false;
        let line =
            Line::new(task.name.to_string(), format!("reads {name}")).waited(waited).at(waits.caller.at);
        verdict =
            verdict.line(line).key([key(self.channel, waits.id.get())]).fixed([self.log.sent, task.polls]);
        for site in makers {
            let what = format!("{} made by {}", count(site.count as u64, "sending handle"), task.name);
            verdict = verdict.line(Line::new(&name, what).at(site.at));
        }
        Some(verdict.note(
            "Not certain: it may have given the handle to somebody else. Drop it, or keep a WeakChannel.",
        ))
    }
}

/// Its lock is held for long.
fn locked(channel: &ChannelFacts) -> Verdict {
    let summary = format!("`{}` cannot be looked at: somebody holds its lock", channel.name);
    let line = Line::new(format!("`{}`", channel.name), "a `Clone` of a message may be running under it");
    let verdict = Verdict::new(VerdictKind::Outside, Duration::ZERO, summary).channel(&channel.name);
    verdict.line(line.at(channel.at)).key([channel.address as u64])
}
