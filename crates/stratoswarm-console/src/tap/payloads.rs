use std::{collections::HashMap, fmt};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use stratoswarm_core::{Channel, Message, Record, Recorder, WeakChannel};

/// So many messages are kept from look to look; of more, the oldest are missed.
const KEPT: usize = 100;
/// A larger message is not shown.
const BYTES: usize = 16 << 10;

/// The channels whose messages may be shown. It keeps none of them open.
#[derive(Default)]
pub(crate) struct Payloads(HashMap<String, Opening>);

/// Begins to record; none if the channel is gone.
type Opening = Box<dyn Fn() -> Option<Box<dyn Tape>> + Send + Sync>;

/// Records one channel.
pub(super) trait Tape: Send {
    /// What came since the last time, and how much of it was missed.
    fn take(&mut self) -> (Vec<Shown>, u64);
}

/// One message.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    seq: u64,
    lane: String,
    is_request: bool,
    /// None if it is too large, or cannot be written.
    payload: Option<Box<RawValue>>,
}

impl Payloads {
    pub(crate) fn show<M: Message + Serialize>(&mut self, channel: &Channel<M>) {
        let weak: WeakChannel<M> = channel.downgrade();
        let open = move || -> Option<Box<dyn Tape>> {
            let recorder = weak.upgrade()?.record().depth(KEPT).open().ok()?;
            Some(Box::new(recorder))
        };
        self.0.insert(channel.name().to_owned(), Box::new(open));
    }

    /// Begins to record this channel, if it may be shown. It may hang while the channel's lock is held.
    pub(super) fn open(&self, channel: &str) -> Option<Box<dyn Tape>> {
        self.0.get(channel).and_then(|open| open())
    }
}

impl<M: Serialize + Clone + Send + 'static> Tape for Recorder<M> {
    fn take(&mut self) -> (Vec<Shown>, u64) {
        let (mut records, mut missed) = (Vec::new(), 0);
        self.drain(&mut records, KEPT + 1); // with one item that says what is missing
        let mut shown = Vec::new();
        for record in records {
            match record {
                Ok(record) => shown.push(Shown::new(&record)),
                Err(lagged) => missed += lagged.missed,
            }
        }
        (shown, missed)
    }
}

impl Shown {
    fn new<M: Serialize>(record: &Record<M>) -> Self {
        let payload = to_raw_value(&record.message).ok().filter(|payload| payload.get().len() <= BYTES);
        let lane = format!("{:?}", record.class).to_lowercase();
        Self { seq: record.seq, lane, is_request: record.is_request, payload }
    }
}

impl fmt::Debug for Payloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
