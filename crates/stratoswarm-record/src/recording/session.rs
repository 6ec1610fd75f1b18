use std::{
    collections::BTreeMap,
    fmt, io,
    ops::RangeInclusive,
    path::PathBuf,
    sync::Arc,
    task::{Context, Poll},
};

use stratoswarm_core::SenderInfo;
use tokio::sync::watch;

use super::{
    RecordError, RecordedChannel, RecordingReport,
    parts::{Parts, is_full},
    source::{Batch, Item, Source},
    time::{Clock, wall},
};
use crate::{
    body::GapBody,
    mcap::{PartWriter, Preamble},
    outcome_body::MissedOutcomes,
    recorded::RecordedSender,
};

/// How much is in a chunk at most, but for one large message.
const CHUNK_BYTES: u64 = 1 << 20;

/// How long a message waits at most until its chunk is written, in nanoseconds.
const CHUNK_AGE: u64 = 1_000_000_000;

/// A recording, driven by calls: it looks at its channels, and writes what is there.
pub(super) struct Session {
    tracks: Vec<Track>,
    parts: Parts,
    /// The file that is being written; none after a failure.
    part: Option<PartWriter>,
    preamble: Preamble,
    rotate: Option<u64>,
    /// Whether the channels are told when it ends early.
    required: bool,
    chunk_bytes: u64,
    clock: Clock,
    /// When the first message came into the chunk.
    chunk_since: Option<u64>,
    batch: Batch,
    scratch: Vec<u8>,
    failed: watch::Sender<Option<RecordError>>,
}

/// One channel of it.
struct Track {
    source: Box<dyn Source>,
    /// Which channel of the file has the outcomes, of a traced channel.
    outcomes: Option<u16>,
    account: RecordedChannel,
    /// The numbers in the chunk that is being filled.
    in_chunk: Vec<RangeInclusive<u64>>,
    /// How many outcomes are in it.
    outcomes_in_chunk: u64,
    /// The look that found nothing more: what is found came after it.
    since: u64,
}

impl Session {
    pub(super) fn begin(
        sources: Vec<(String, Box<dyn Source>, Option<u16>)>,
        mut parts: Parts,
        mut preamble: Preamble,
        (rotate, required): (Option<u64>, bool),
        clock: Clock,
        failed: watch::Sender<Option<RecordError>>,
    ) -> io::Result<Self> {
        let now = clock.now();
        let part = parts.begin(numbered(&mut preamble, parts.made + 1))?;
        let tracks = sources
            .into_iter()
            .map(|(name, source, outcomes)| Track {
                source,
                outcomes,
                account: RecordedChannel { name, ..RecordedChannel::default() },
                in_chunk: Vec::new(),
                outcomes_in_chunk: 0,
                since: now,
            })
            .collect();
        Ok(Self {
            tracks,
            parts,
            part: Some(part),
            preamble,
            rotate,
            required,
            chunk_bytes: rotate.map_or(CHUNK_BYTES, |rotate| (rotate / 4).clamp(4096, CHUNK_BYTES)),
            clock,
            chunk_since: None,
            batch: Batch::default(),
            scratch: Vec::new(),
            failed,
        })
    }

    /// Takes what is there, up to a batch of each channel: how much that was, and whether there may be more.
    pub(super) fn look(&mut self) -> (usize, bool) {
        let (mut found, mut more) = (0, false);
        let before = self.clock.now();
        for index in 0..self.tracks.len() {
            let mut batch = std::mem::take(&mut self.batch);
            batch.clear();
            let track = &mut self.tracks[index];
            let has_more = track.source.take(&mut batch);
            let now = self.clock.now();
            let exact = matches!(self.clock, Clock::Tokio(..));
            let times = (if exact { now } else { track.since }, now);
            if !has_more {
                track.since = before;
            }
            for item in batch.items.drain(..) {
                match item {
                    Item::Message(number, at) => self.put(index, number, times, &batch.bytes[at]),
                    Item::Gap(from, to, why) => {
                        self.tracks[index].account.miss(from, to);
                        self.put_gap(index, (from, to), times, &why);
                    }
                    Item::Sender(sender) => self.tell_sender(index, &sender),
                    Item::Outcome(number, at) => self.put_outcome(index, number, times, &batch.bytes[at]),
                    Item::OutcomesMissed(missed) => self.miss_outcomes(index, missed, times),
                }
                found += 1;
            }
            more |= has_more;
            self.batch = batch;
        }
        let now = self.clock.now();
        if self.chunk_since.is_some_and(|since| now.saturating_sub(since) >= CHUNK_AGE) {
            self.flush();
        }
        (found, more)
    }

    #[cfg(test)]
    pub(super) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Registers to be woken when a channel has a part of what it can hold, or `messages`; whether one has so already.
    pub(super) fn poll_filled(&mut self, cx: &mut Context<'_>, messages: impl Fn(usize) -> usize) -> bool {
        let mut any = false;
        for Track { source, .. } in &mut self.tracks {
            let wanted = messages(source.depth()).max(1);
            any |= matches!(source.poll_filled(cx, wanted), Poll::Ready(filled) if filled > 0);
        }
        any
    }

    /// Takes what is left, and ends the file.
    pub(super) fn finish(mut self) -> RecordingReport {
        while self.look().1 {}
        self.close();
        let channels = self.tracks.iter_mut().map(|track| std::mem::take(&mut track.account)).collect();
        let parts = std::mem::take(&mut self.parts.paths).into();
        let failure = self.failed.borrow().clone();
        RecordingReport { channels, parts, failure }
    }

    fn put(&mut self, index: usize, number: u64, times: (u64, u64), body: &[u8]) {
        let Some(part) = &mut self.part else {
            self.tracks[index].account.miss(number, number);
            return;
        };
        part.message(channel_of(index), number, times, body);
        self.chunk_since.get_or_insert(times.1);
        let Track { account, in_chunk, .. } = &mut self.tracks[index];
        account.recorded += 1;
        account.bytes += body.len() as u64;
        match in_chunk.last_mut() {
            Some(last) if *last.end() + 1 == number => *last = *last.start()..=number,
            _ => in_chunk.push(number..=number),
        }
        if part.pending() >= self.chunk_bytes {
            self.flush();
        }
    }

    fn put_gap(&mut self, index: usize, (from, to): (u64, u64), times: (u64, u64), why: &str) {
        let Some(part) = &mut self.part else { return };
        self.scratch.clear();
        let gap = GapBody { from, to, why: why.to_owned() };
        if cbor4ii::serde::to_writer(&mut self.scratch, &gap).is_ok() {
            part.message(channel_of(index) + 1, from, times, &self.scratch);
            self.chunk_since.get_or_insert(times.1);
        }
    }

    fn put_outcome(&mut self, index: usize, number: u64, times: (u64, u64), body: &[u8]) {
        let (Some(part), Some(id)) = (&mut self.part, self.tracks[index].outcomes) else {
            self.tracks[index].account.outcomes_missed += 1;
            return;
        };
        part.message(id, number, times, body);
        self.tracks[index].account.outcomes += 1;
        self.tracks[index].outcomes_in_chunk += 1;
        self.chunk_since.get_or_insert(times.1);
        if part.pending() >= self.chunk_bytes {
            self.flush();
        }
    }

    fn miss_outcomes(&mut self, index: usize, missed: u64, times: (u64, u64)) {
        self.tracks[index].account.outcomes_missed += missed;
        let (Some(part), Some(id)) = (&mut self.part, self.tracks[index].outcomes) else { return };
        self.scratch.clear();
        if cbor4ii::serde::to_writer(&mut self.scratch, &MissedOutcomes { n: 0, missed }).is_ok() {
            part.message(id, 0, times, &self.scratch);
            self.chunk_since.get_or_insert(times.1);
        }
    }

    /// Tells of a sender, here and in every file to come: before its first message is in a chunk that is written.
    fn tell_sender(&mut self, index: usize, sender: &SenderInfo) {
        let (name, pairs) = RecordedSender::new(sender).metadata(&self.tracks[index].account.name);
        let Some(part) = &mut self.part else { return };
        let mut written = part.metadata(&name, &pairs);
        while written.as_ref().is_err_and(is_full) && self.parts.remove_oldest() {
            written = part.metadata(&name, &pairs);
        }
        self.preamble.metadata.push((name, pairs));
        if let Err(error) = written {
            let path = self.parts.paths.back().cloned().unwrap_or_default();
            self.fail(error, path);
        }
    }

    /// Writes the chunk, and goes on in the next file if this one is long enough.
    fn flush(&mut self) {
        let Some(part) = &mut self.part else { return };
        let mut written = part.flush();
        while written.as_ref().is_err_and(is_full) && self.parts.remove_oldest() {
            written = part.flush();
        }
        if let Err(error) = written {
            let path = self.parts.paths.back().cloned().unwrap_or_default();
            return self.fail(error, path);
        }
        self.chunk_since = None;
        for track in &mut self.tracks {
            track.in_chunk.clear();
            track.outcomes_in_chunk = 0;
        }
        if self.rotate.is_some_and(|rotate| part.size() >= rotate) {
            self.rotate();
        }
    }

    /// The next file has its name before this one ends.
    fn rotate(&mut self) {
        let number = self.parts.made + 1;
        match self.parts.begin(numbered(&mut self.preamble, number)) {
            Ok(next) => {
                let ended = self.part.replace(next).map_or(Ok(0), PartWriter::finish);
                if let Err(error) = ended {
                    // All of its chunks are there: it reads as one that was cut off behind the last.
                    tracing::warn!(%error, "a part of a recording has no summary");
                }
                self.parts.limit(0);
            }
            Err(error) => {
                let path = self.parts.name(number);
                self.fail(error, path);
            }
        }
    }

    /// A file, this one or the next, cannot be written: what is in the chunk is missing, and all that comes.
    fn fail(&mut self, error: io::Error, path: PathBuf) {
        let Some(mut part) = self.part.take() else { return };
        let kept = if is_full(&error) { part.flush_what_fits() } else { BTreeMap::new() };
        let gaps: Vec<_> = (0..self.tracks.len()).map(|index| channel_of(index) + 1).collect();
        part.discard_but(|channel| gaps.contains(&channel));
        let now = self.clock.now();
        for (index, track) in self.tracks.iter_mut().enumerate() {
            let Track { account, in_chunk, outcomes, outcomes_in_chunk, .. } = track;
            let kept_of = |id: u16| kept.get(&id).copied().unwrap_or(0);
            let lost = std::mem::take(outcomes_in_chunk).saturating_sub(outcomes.map_or(0, kept_of));
            account.outcomes -= lost;
            account.outcomes_missed += lost;
            let mut kept = kept_of(channel_of(index));
            for range in in_chunk.drain(..) {
                let (from, to) = range.into_inner();
                let written = kept.min(to - from + 1);
                kept -= written;
                let from = from + written;
                if from > to {
                    continue;
                }
                account.recorded -= to - from + 1;
                account.miss(from, to);
                self.scratch.clear();
                let gap = GapBody { from, to, why: format!("the file could not be written: {error}") };
                if cbor4ii::serde::to_writer(&mut self.scratch, &gap).is_ok() {
                    part.message(channel_of(index) + 1, from, (now, now), &self.scratch);
                }
            }
        }
        if part.flush().is_err() {
            part.discard_but(|_| false); // not even that has room
        }
        let _ = part.finish(); // without it the file reads as one that was cut off
        tracing::warn!(path = %path.display(), %error, "a recording ends early");
        self.chunk_since = None;
        self.tell(RecordError { path, source: Arc::new(error) });
    }

    /// Tells whoever waits for it that the recording has failed.
    fn tell(&mut self, error: RecordError) {
        if self.required {
            let why = error.to_string();
            self.tracks.iter_mut().for_each(|track| track.source.fail(&why));
        }
        self.failed.send_replace(Some(error));
    }

    fn close(&mut self) {
        self.flush();
        if let Some(part) = self.part.take()
            && let Err(error) = part.finish()
        {
            let path = self.parts.paths.back().cloned().unwrap_or_default();
            tracing::warn!(path = %path.display(), %error, "a recording has no summary");
            self.tell(RecordError { path, source: Arc::new(error) });
        }
    }
}

impl Drop for Session {
    /// As where a runtime ends before its recording does.
    fn drop(&mut self) {
        if self.part.is_some() {
            while self.look().1 {}
            self.close();
        }
    }
}

/// Which channel of the file has the messages; the next one has the gaps.
pub(super) fn channel_of(index: usize) -> u16 {
    (2 * index + 1) as u16
}

/// What begins the file of this number.
fn numbered(preamble: &mut Preamble, number: usize) -> &Preamble {
    if let Some((_, run)) = preamble.metadata.first_mut() {
        run.insert("part".to_owned(), number.to_string());
        run.insert("wall".to_owned(), wall().to_string());
    }
    preamble
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("part", &self.part).finish_non_exhaustive()
    }
}
