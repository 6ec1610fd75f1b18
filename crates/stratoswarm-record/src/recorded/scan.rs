use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use super::{ChannelSummary, Damage, Gap, ReadError, RecordedSender, recorded_sender::channel_of_senders};
use crate::{
    body::GapBody,
    mcap::{ChannelRecord, Event, Pairs, Summary, Walk},
};

/// How many ranges of missing messages are kept of a channel, and how many places of damage.
const MOST: usize = 1000;

/// How many bytes the descriptions of a recording may have.
const MOST_DESCRIPTION: usize = 4 << 20;

/// A file's reader, and its walk.
pub(super) type PartWalk = Walk<BufReader<File>>;

/// One file, and what is known of it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) run: Pairs,
    pub(super) meta: Pairs,
}

impl Part {
    pub(super) fn number(&self) -> u64 {
        self.run.get("part").and_then(|part| part.parse().ok()).unwrap_or(0)
    }
}

/// Opens a file, and looks whether it is a recording.
pub(super) fn walk(path: &Path) -> Result<PartWalk, ReadError> {
    let failed = |source| ReadError::Io { path: path.to_owned(), source };
    let not = |at, why: String| ReadError::NotARecording { path: path.to_owned(), at, why };
    let file = File::open(path).map_err(failed)?;
    match Walk::begin(BufReader::new(file)).map_err(failed)? {
        Err((at, why)) => Err(not(at, why.to_owned())),
        Ok((_, profile)) if profile != crate::PROFILE => {
            Err(not(8, format!("it is an MCAP file of another kind ({profile:?})")))
        }
        Ok((walk, _)) => Ok(walk),
    }
}

/// All that is known of a recording after one pass over its files.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) channels: Vec<ChannelSummary>,
    pub(super) damage: Vec<Damage>,
    /// When the first and the last message were logged.
    pub(super) times: Option<(u64, u64)>,
    described: usize,
}

/// What a channel's number means in one file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    Messages(usize),
    GapsOf(usize),
    /// What became of messages is not counted.
    Outcomes,
}

impl Scan {
    pub(super) fn part(&mut self, path: &Path) -> Result<Part, ReadError> {
        let mut walk = walk(path)?;
        let mut part = Part { path: path.to_owned(), run: Pairs::new(), meta: Pairs::new() };
        let mut meanings = HashMap::new();
        loop {
            match walk.next() {
                Ok(Some(event)) => self.event(event, &mut part, &mut meanings),
                Ok(None) => return Ok(part),
                Err(source) => return Err(ReadError::Io { path: path.to_owned(), source }),
            }
        }
    }

    /// The same by its summary alone, if it has one that is whole: of its messages the gaps are read only.
    pub(super) fn glance(&mut self, path: &Path) -> Result<Part, ReadError> {
        let mut walk = walk(path)?;
        let summary = Summary::read(&mut walk).map_err(|error| failed(path, error))?;
        let Some(mut summary) = summary.filter(|it| it.metadata.contains_key(crate::ACCOUNT)) else {
            return self.part(path);
        };
        let account = summary.metadata.remove(crate::ACCOUNT).unwrap_or_default();
        let mut part = Part { path: path.to_owned(), run: Pairs::new(), meta: Pairs::new() };
        let mut meanings = HashMap::new();
        for channel in summary.channels {
            self.event(Event::Channel(channel), &mut part, &mut meanings);
        }
        for (name, pairs) in summary.metadata {
            self.event(Event::Metadata(name, pairs), &mut part, &mut meanings);
        }
        for (id, messages) in &summary.counts {
            let Some(&Meaning::Messages(index)) = meanings.get(id) else { continue };
            let mut told = account.get(&id.to_string()).into_iter().flat_map(|text| text.split(' '));
            let mut told = || told.next()?.parse::<u64>().ok();
            self.channels[index].messages += messages;
            if let (Some(bytes), Some(first), Some(last)) = (told(), told(), told()) {
                self.channels[index].bytes += bytes;
                self.timed(first, last);
            }
        }
        let is_of_gaps = |id: &u16| matches!(meanings.get(id), Some(Meaning::GapsOf(_)));
        let chunks: Vec<_> =
            summary.chunks.into_iter().filter(|(_, _, channels)| channels.iter().any(&is_of_gaps)).collect();
        for (start, end, _) in chunks {
            walk.go_to(start);
            while let Some(event) = walk.next().map_err(|error| failed(path, error))? {
                match event {
                    Event::Message { at, .. } | Event::Damage { from: at, .. } if at >= end => break,
                    Event::Message { channel, .. }
                        if !matches!(meanings.get(&channel), Some(Meaning::GapsOf(_))) => {}
                    event => self.event(event, &mut part, &mut meanings),
                }
            }
        }
        Ok(part)
    }

    /// Tells of the parts between two, which are not here.
    pub(super) fn missing(&mut self, one: &Part, other: &Part) {
        let (first, last) = (one.number().saturating_add(1), other.number().saturating_sub(1));
        match last.checked_sub(first) {
            Some(0) => self.damaged(other, 0, 0, &format!("part {first} before it is not here")),
            Some(_) => self.damaged(other, 0, 0, &format!("parts {first} to {last} before it are not here")),
            None => {}
        }
    }

    pub(super) fn event(&mut self, event: Event<'_>, part: &mut Part, meanings: &mut HashMap<u16, Meaning>) {
        match event {
            Event::Metadata(name, pairs) if self.may_describe(pairs_length(&pairs)) => {
                if name == crate::RUN {
                    part.run = pairs;
                } else if name == crate::META {
                    part.meta = pairs;
                } else if let Some(channel) = channel_of_senders(&name) {
                    self.senders(channel, &pairs);
                }
            }
            Event::Channel(channel)
                if !meanings.contains_key(&channel.id)
                    && self.may_describe(channel.topic.len() + pairs_length(&channel.metadata)) =>
            {
                self.meet(channel, meanings);
            }
            Event::Message { at, channel, log, body, .. } => match meanings.get(&channel) {
                Some(&Meaning::Messages(index)) => {
                    self.timed(log, log);
                    self.channels[index].messages += 1;
                    self.channels[index].bytes += body.len() as u64;
                }
                Some(Meaning::Outcomes) => {}
                Some(&Meaning::GapsOf(index)) => match cbor4ii::serde::from_slice(body) {
                    Ok(gap) if is_sound(&gap) => self.gap(index, gap),
                    _ => self.damaged(part, at, at + body.len() as u64, "a gap cannot be decoded"),
                },
                None => self.damaged(part, at, at + body.len() as u64, "a message is of no channel"),
            },
            Event::Damage { from, to, why } => self.damaged(part, from, to, &why),
            Event::Metadata(..) | Event::Channel(_) => {} // too many, or once more
        }
    }

    fn meet(&mut self, channel: ChannelRecord, meanings: &mut HashMap<u16, Meaning>) {
        if is_of_outcomes(&channel) {
            meanings.insert(channel.id, Meaning::Outcomes);
            return;
        }
        let ChannelRecord { id, topic, mut metadata } = channel;
        let of = |gaps_of: &String| gaps_of.parse().ok().and_then(|of| meanings.get(&of));
        if let Some(&Meaning::Messages(index)) = metadata.get("gaps_of").and_then(of) {
            meanings.insert(id, Meaning::GapsOf(index));
            return;
        }
        let known = self.channels.iter().position(|known| known.name == topic);
        let index = known.unwrap_or_else(|| {
            let mut told = |name| metadata.remove(name).unwrap_or_default();
            self.channels.push(ChannelSummary {
                name: topic,
                message: told("type"),
                rust_type: told("rust"),
                kind: told("kind"),
                capacity: told("capacity").parse().unwrap_or(0),
                volatile: lines(&told("volatile")),
                renamed: lines(&told("renamed")),
                unordered: lines(&told("unordered")),
                passed_over: lines(&told("passed_over")),
                senders: Vec::new(),
                messages: 0,
                bytes: 0,
                missed: 0,
                gaps: Vec::new(),
            });
            self.channels.len() - 1
        });
        meanings.insert(id, Meaning::Messages(index));
    }

    /// Channels are told of before their senders, which come in any order.
    fn senders(&mut self, channel: &str, told: &Pairs) {
        let Some(channel) = self.channels.iter_mut().find(|it| it.name == channel) else { return };
        for sender in told.iter().filter_map(|(id, told)| RecordedSender::read(id, told)) {
            if let Err(at) = channel.senders.binary_search_by_key(&sender.id, |known| known.id) {
                channel.senders.insert(at, sender);
            }
        }
    }

    fn gap(&mut self, index: usize, gap: GapBody) {
        let channel = &mut self.channels[index];
        channel.missed = channel.missed.saturating_add((gap.to - gap.from).saturating_add(1));
        let GapBody { from, to, why } = gap;
        if channel.gaps.len() < MOST && self.may_describe(why.len()) {
            self.channels[index].gaps.push(Gap { from, to, why });
        }
    }

    fn timed(&mut self, first: u64, last: u64) {
        let (before, after) = self.times.unwrap_or((first, last));
        self.times = Some((before.min(first), after.max(last)));
    }

    pub(super) fn damaged(&mut self, part: &Part, from: u64, to: u64, why: &str) {
        if self.damage.len() < MOST {
            self.damage.push(Damage { path: part.path.clone(), from, to, why: why.to_owned() });
        }
    }

    fn may_describe(&mut self, bytes: usize) -> bool {
        self.described += bytes + 64;
        self.described <= MOST_DESCRIPTION
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Whether a channel of a file has what became of another's messages.
pub(super) fn is_of_outcomes(channel: &ChannelRecord) -> bool {
    channel.metadata.contains_key("outcomes_of")
}

fn is_sound(gap: &GapBody) -> bool {
    gap.from <= gap.to
}

fn pairs_length(pairs: &Pairs) -> usize {
    pairs.iter().map(|(name, value)| name.len() + value.len() + 64).sum()
}

/// What channels' numbers mean in one file, by the names that a recording has.
#[derive(Debug, Default)]
pub(super) struct Numbers(HashMap<u16, usize>);

impl Numbers {
    pub(super) fn meet(&mut self, channel: &ChannelRecord, names: &BTreeMap<String, usize>) {
        if !channel.metadata.contains_key("gaps_of")
            && !is_of_outcomes(channel)
            && let Some(&index) = names.get(&channel.topic)
        {
            self.0.entry(channel.id).or_insert(index);
        }
    }

    pub(super) fn get(&self, id: u16) -> Option<usize> {
        self.0.get(&id).copied()
    }
}

pub(super) fn failed(path: &Path, source: io::Error) -> ReadError {
    ReadError::Io { path: path.to_owned(), source }
}
