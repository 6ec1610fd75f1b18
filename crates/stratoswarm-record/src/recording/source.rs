use std::{
    borrow::Cow,
    collections::BTreeSet,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll},
};

use stratoswarm_core::{Lagged, Outcome, Outcomes, Record, Recorder, SenderInfo, Wire};
use tokio::time::Instant;

use super::time::nanos;
use crate::{body::Written, mcap::MOST_BYTES, outcome_body, shortened::shortened};

/// How many messages a look takes of one channel at a time.
const MOST: usize = 256;

/// How many bytes such a batch is to have, about.
const BATCH_BYTES: usize = 1 << 20;

/// How much of an error's text is kept.
const MOST_TEXT: usize = 200;

/// A channel that is recorded.
pub(super) trait Source: Send {
    /// Takes what is there, encoded, up to a batch; whether there may be more.
    fn take(&mut self, batch: &mut Batch) -> bool;

    /// Polls for so many messages; ready as well where none will come.
    fn poll_filled(&mut self, cx: &mut Context<'_>, messages: usize) -> Poll<u64>;

    /// How many it can hold.
    fn depth(&self) -> usize;

    /// Has the channel's figures say that it is not recorded any more.
    fn fail(&mut self, why: &str);
}

/// What a look has found.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) items: Vec<Item>,
}

#[derive(Debug)]
pub(super) enum Item {
    /// A message of this number, and where in the bytes it is.
    Message(u64, Range<usize>),
    /// These numbers are missing, both among them.
    Gap(u64, u64, Cow<'static, str>),
    /// A sender of whom nothing was told yet.
    Sender(SenderInfo),
    /// What became of the message of this number, and where in the bytes it is.
    Outcome(u64, Range<usize>),
    /// So many outcomes are missing.
    OutcomesMissed(u64),
}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(4 * BATCH_BYTES);
        self.items.clear();
    }
}

pub(super) type Redact<M> = Box<dyn FnMut(&mut M) + Send>;

pub(super) struct Tap<M: Wire> {
    recorder: Recorder<M>,
    depth: usize,
    lossless: bool,
    redact: Option<Redact<M>>,
    /// The number that comes next, as far as is known.
    next: u64,
    taken: Vec<Result<Record<M>, Lagged>>,
    /// How many are taken at a time.
    most: usize,
    /// Messages that are missing before the next one, whose number tells which.
    missed: u64,
    /// Which senders were told of, of a traced channel.
    told: BTreeSet<u32>,
    outcomes: Option<Outcomes>,
    became: Vec<Result<Outcome, Lagged>>,
}

impl<M: Wire> Tap<M> {
    pub(super) fn new(
        recorder: Recorder<M>,
        (depth, lossless): (usize, bool),
        next: u64,
        redact: Option<Redact<M>>,
        outcomes: Option<Outcomes>,
    ) -> Self {
        Self {
            recorder,
            depth,
            lossless,
            redact,
            next,
            taken: Vec::new(),
            most: MOST,
            missed: 0,
            told: BTreeSet::new(),
            outcomes,
            became: Vec::new(),
        }
    }

    /// Tells of the sender of a message, the first time.
    fn tell_sender(&mut self, id: u32, batch: &mut Batch) {
        if self.told.insert(id) {
            let sender = self.recorder.senders().into_iter().find(|sender| sender.id == id);
            batch.items.extend(sender.map(Item::Sender));
        }
    }

    /// Takes what became of messages; whether there may be more.
    fn take_outcomes(&mut self, batch: &mut Batch) -> bool {
        let Some(outcomes) = &mut self.outcomes else { return false };
        let more = outcomes.drain(&mut self.became, MOST) == MOST;
        for outcome in self.became.drain(..) {
            let start = batch.bytes.len();
            match outcome {
                Ok(outcome) if outcome_body::write(&outcome, &mut batch.bytes) => {
                    batch.items.push(Item::Outcome(outcome.seq, start..batch.bytes.len()));
                }
                Ok(_) => batch.items.push(Item::OutcomesMissed(1)),
                Err(lagged) => batch.items.push(Item::OutcomesMissed(lagged.missed)),
            }
        }
        more
    }

    /// Tells what is missing before this number.
    fn tell_missed(&mut self, before: u64, batch: &mut Batch) {
        if self.missed > 0 {
            let why = if self.lossless { "its clone panicked" } else { "the recorder was too far behind" };
            batch.items.push(Item::Gap(before - self.missed.min(before), before - 1, why.into()));
            self.missed = 0;
        }
    }

    fn encode(&mut self, record: Record<M>, into: &mut Vec<u8>) -> Result<(), Cow<'static, str>> {
        let (start, redact) = (into.len(), &mut self.redact);
        let encoded = catch_unwind(AssertUnwindSafe(|| {
            let Record { seq, class, deadline, is_request, origin, mut message, .. } = record;
            if let Some(redact) = redact {
                redact(&mut message);
            }
            let left = deadline.map(|deadline| nanos(deadline.saturating_duration_since(Instant::now())));
            let written = Written {
                n: seq,
                c: class,
                d: left,
                r: is_request,
                s: origin.map(|origin| origin.sender),
                t: origin.map(|origin| origin.turn),
                m: &message,
            };
            cbor4ii::serde::to_writer(&mut *into, &written).map_err(|error| error.to_string())
        }));
        match encoded {
            Ok(Ok(())) if (into.len() - start) as u64 <= MOST_BYTES - 1024 => Ok(()),
            Ok(Ok(())) => Err(format!("it takes {} bytes, too many", into.len() - start).into()),
            Ok(Err(error)) => Err(format!("it cannot be encoded: {}", shortened(&error, MOST_TEXT)).into()),
            Err(_) => Err("its encoding panicked".into()),
        }
    }
}

impl<M: Wire> Source for Tap<M> {
    fn take(&mut self, batch: &mut Batch) -> bool {
        let mut taken = std::mem::take(&mut self.taken);
        let more = self.recorder.drain(&mut taken, self.most) == self.most;
        for item in taken.drain(..) {
            match item {
                Err(lagged) => self.missed += lagged.missed,
                Ok(record) => {
                    let number = record.seq;
                    self.tell_missed(number, batch);
                    if let Some(origin) = record.origin {
                        self.tell_sender(origin.sender, batch);
                    }
                    let start = batch.bytes.len();
                    batch.items.push(match self.encode(record, &mut batch.bytes) {
                        Ok(()) => Item::Message(number, start..batch.bytes.len()),
                        Err(why) => Item::Gap(number, number, why),
                    });
                    self.next = number + 1;
                }
            }
        }
        self.taken = taken;
        if !more && self.missed > 0 {
            // Nothing is behind them, as where clones panic: they end with what was admitted.
            let before = self.next + self.missed;
            self.tell_missed(before, batch);
            self.next = before;
        }
        let each = batch.bytes.len() / batch.items.len().max(1);
        self.most = (BATCH_BYTES / each.max(1)).clamp(1, MOST);
        self.take_outcomes(batch) | more // behind the messages, so that each stands behind its own
    }

    fn poll_filled(&mut self, cx: &mut Context<'_>, messages: usize) -> Poll<u64> {
        self.recorder.poll_filled(cx, messages)
    }

    fn depth(&self) -> usize {
        self.depth
    }

    fn fail(&mut self, why: &str) {
        self.recorder.fail(why);
    }
}
