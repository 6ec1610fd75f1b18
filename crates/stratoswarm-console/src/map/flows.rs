use std::collections::{HashMap, HashSet};

use stratoswarm_core::{Snapshot, WaitKind};

/// The most tasks and ways that are remembered.
const MOST: usize = 10_000;

/// Which readers send where, as far as it was seen: a task that waited for a message of one channel, and at another look for room in
/// another. What never waits is not seen.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    readers: HashMap<tokio::task::Id, (String, String)>,
    seen: HashSet<(String, String, String)>,
}

impl Flows {
    pub(crate) fn add(&mut self, snapshot: &Snapshot) {
        for channel in &snapshot.channels {
            for reader in &channel.readers {
                for task in reader.waits.iter().filter_map(|wait| wait.task) {
                    if self.readers.len() < MOST {
                        self.readers.insert(task, (channel.name.clone(), reader.name.clone()));
                    }
                }
            }
        }
        for channel in &snapshot.channels {
            let sends = channel.waits.iter().filter(|wait| {
                !matches!(wait.kind, WaitKind::Receive | WaitKind::Closed | WaitKind::ReadersGone)
            });
            for (of, reader) in sends.filter_map(|wait| self.readers.get(&wait.task?)) {
                if self.seen.len() < MOST {
                    self.seen.insert((of.clone(), reader.clone(), channel.name.clone()));
                }
            }
        }
        if self.readers.len() == MOST {
            self.readers.clear(); // most of them have ended; those that live come again
        }
    }

    /// The channels to which this reader's tasks sent.
    pub(super) fn from<'a>(&'a self, channel: &'a str, reader: &'a str) -> impl Iterator<Item = &'a str> {
        let of = self.seen.iter().filter(move |(of, by, _)| of == channel && by == reader);
        of.map(|(_, _, to)| to.as_str())
    }
}
