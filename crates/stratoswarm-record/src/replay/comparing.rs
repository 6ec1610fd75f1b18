use std::collections::HashMap;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{DifferingReply, ReplayReport};
use crate::{
    diff::{Names, Rules, difference},
    paths::Paths,
    recorded::RepliesOf,
    shortened::shortened,
    tree::Tree,
};

/// How many differing replies are kept.
const MOST: usize = 100;

/// How much of a value is kept of each.
const MOST_TEXT: usize = 400;

/// The replies of a replay, and those that were recorded.
pub(super) struct Comparing {
    recorded: HashMap<String, RepliesOf>,
    ignored: Paths,
    tell: UnboundedSender<Option<DifferingReply>>,
    told: UnboundedReceiver<Option<DifferingReply>>,
}

impl Comparing {
    pub(super) fn new(recorded: HashMap<String, RepliesOf>, ignored: Paths) -> Self {
        let (tell, told) = unbounded_channel();
        Self { recorded, ignored, tell, told }
    }

    /// What is to be done with the reply to this request, if one was recorded.
    pub(super) fn expect(&mut self, channel: &str, number: u64) -> Option<Expected> {
        let recorded = self.recorded.get_mut(channel)?.remove(&number)?;
        let ignored = self.ignored.of(channel);
        Some(Expected { channel: channel.to_owned(), number, recorded, ignored, tell: self.tell.clone() })
    }

    /// Puts what is known by now into the report.
    pub(super) fn settle(&mut self, report: &mut ReplayReport) {
        while let Ok(compared) = self.told.try_recv() {
            report.count(compared);
        }
    }

    /// Waits for the replies that are still to come.
    pub(super) async fn finish(self, report: &mut ReplayReport) {
        let Self { tell, mut told, .. } = self;
        drop(tell);
        while let Some(compared) = told.recv().await {
            report.count(compared);
        }
    }
}

impl ReplayReport {
    fn count(&mut self, compared: Option<DifferingReply>) {
        self.compared_replies += 1;
        if let Some(differing) = compared {
            self.differing_replies += 1;
            if self.differences.len() < MOST {
                self.differences.push(differing);
            }
        }
    }
}

/// The reply that was recorded to a request that is made once more.
#[derive(Debug)]
pub(crate) struct Expected {
    channel: String,
    number: u64,
    recorded: Vec<u8>,
    ignored: Vec<Vec<String>>,
    tell: UnboundedSender<Option<DifferingReply>>,
}

impl Expected {
    /// Compares it with the one that came, encoded, or tells that none did.
    pub(crate) fn compare(self, now: Result<Vec<u8>, String>) {
        let Self { channel, number, recorded, ignored, tell } = self;
        let differing = |path, recorded: Option<String>, now: Option<String>| {
            let shorten = |text: Option<String>| text.map(|text| shortened(&text, MOST_TEXT).to_owned());
            Some(DifferingReply { channel, number, path, recorded: shorten(recorded), now: shorten(now) })
        };
        let compared = match (Tree::of_record(&recorded), now.and_then(|now| Tree::of_record(&now))) {
            (Ok(recorded), Ok(now)) => {
                let rules = Rules { ignored, renamed: Vec::new() };
                difference(&recorded, &now, &rules, &mut Names::default())
                    .and_then(|found| differing(found.path, found.a, found.b))
            }
            (Ok(recorded), Err(why)) => differing(String::new(), Some(recorded.text()), Some(why)),
            (Err(why), _) => differing(String::new(), Some(why), None),
        };
        let _ = tell.send(compared); // the replay may have been given up
    }
}
