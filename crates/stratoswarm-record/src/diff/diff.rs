use std::collections::{BTreeSet, HashMap, VecDeque};

use super::{
    DiffError, Divergence, Order,
    compare::{Difference, Names, Rules, difference, fingerprint},
    found::{At, Found, earlier},
};
use crate::{Recorded, RecordedMessage, paths::Paths, tree::Tree};

/// How many messages before a difference are told.
pub(super) const BEFORE: usize = 3;

/// The first difference between two recordings: channel by channel, and message by message.
///
/// Maps are compared without order, fractions bit by bit. What is [volatile](crate::ChannelRecording::volatile) in one of the
/// recordings is passed over, and what is [renamed](crate::ChannelRecording::renamed) may have other names. The class of a message, and whether it is a request, must be the same; times are not looked at.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{CancelTask, TaskId}};
/// # use stratoswarm_record::{Diff, Order, Recorded, Recording};
/// # let folder = tempfile::tempdir()?;
/// let mut recorded = Vec::new();
/// for run in ["a.mcap", "b.mcap"] {
///     let path = folder.path().join(run);
///     let registry = ChannelRegistry::new();
///     let recording = Recording::create(&path).channel(registry.scheduler()).start()?;
///     let task = TaskId::random(); // another one in each run
///     registry.scheduler().send(CancelTask { task }.into()).await?;
///     registry.scheduler().send(CancelTask { task }.into()).await?;
///     recording.finish().await?;
///     recorded.push(Recorded::open([&path])?);
/// }
/// let diff = || Diff::between(&recorded[0], &recorded[1]);
/// assert_eq!(diff().first()?.ok_or("no difference")?.path, "/CancelTask/task");
/// assert!(diff().rename(["scheduler:/CancelTask/task"]).first()?.is_none(), "the one stands for the other");
/// assert!(diff().ignore(["/CancelTask/*"]).order(Order::Set).first()?.is_none());
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "call `first`"]
pub struct Diff<'a> {
    pub(super) a: &'a Recorded,
    pub(super) b: &'a Recorded,
    order: Order,
    ignored: Paths,
    renamed: Paths,
    /// The first one that is no path.
    wrong: Option<String>,
}

impl<'a> Diff<'a> {
    /// Between these two.
    pub fn between(a: &'a Recorded, b: &'a Recorded) -> Self {
        let (order, wrong) = (Order::default(), None);
        Self { a, b, order, ignored: Paths::default(), renamed: Paths::default(), wrong }
    }

    /// How the messages of a channel are compared.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Passes over these parts of messages: JSON pointers such as `/at`, or `jobs:/at` of one channel; `*` stands for any key or
    /// place.
    pub fn ignore<P: AsRef<str>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        for path in paths {
            if !self.ignored.add(path.as_ref()) {
                self.wrong.get_or_insert(path.as_ref().to_owned());
            }
        }
        self
    }

    /// Lets what is there have other names in the other recording, each the same wherever it is: identifiers that are made by
    /// chance. In [`Order::Set`] they are passed over.
    pub fn rename<P: AsRef<str>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        for path in paths {
            if !self.renamed.add(path.as_ref()) {
                self.wrong.get_or_insert(path.as_ref().to_owned());
            }
        }
        self
    }

    /// The first difference, by the turns in the first recording, or where there are none by the times; none if they are the same.
    ///
    /// Goes over both files once for each channel. In [`Order::Set`] it takes memory for each message that is unlike all others.
    ///
    /// # Errors
    /// [`DiffError`] if something is no path, or a recording cannot be read.
    pub fn first(self) -> Result<Option<Divergence>, DiffError> {
        if let Some(path) = self.wrong {
            return Err(DiffError::Path { path });
        }
        let mut names = Names::default();
        let mut first = None;
        let all = self.a.channels().iter().chain(self.b.channels());
        let channels: BTreeSet<_> = all.map(|channel| channel.name.as_str()).collect();
        for channel in channels {
            let rules = self.rules(channel);
            let found = match self.order {
                Order::PerSender if self.tell_senders(channel) => {
                    self.by_sender(channel, &rules, &mut names)?
                }
                Order::PerSender | Order::Total => self.one_by_one(channel, &rules, &mut names)?,
                Order::Set => self.as_sets(channel, &rules)?,
            };
            first = earlier(first, found);
        }
        Ok(first.map(|found| found.divergence))
    }

    fn rules(&self, channel: &str) -> Rules {
        let (mut ignored, mut renamed) = (self.ignored.clone(), self.renamed.clone());
        for of in [self.a, self.b].into_iter().filter_map(|of| of.channel(channel)) {
            for (paths, all) in [(&of.volatile, &mut ignored), (&of.renamed, &mut renamed)] {
                for path in paths {
                    all.put(None, path);
                }
            }
        }
        Rules { ignored: ignored.of(channel), renamed: renamed.of(channel) }
    }

    /// Whether both recordings tell who sent what on a channel.
    fn tell_senders(&self, channel: &str) -> bool {
        let tells = |of: &Recorded| of.channel(channel).is_some_and(|it| !it.senders.is_empty());
        tells(self.a) && tells(self.b)
    }

    fn one_by_one(
        &self,
        channel: &str,
        rules: &Rules,
        names: &mut Names,
    ) -> Result<Option<Found>, DiffError> {
        let (mut of_a, mut of_b) = (of(self.a, channel), of(self.b, channel));
        let mut before = VecDeque::new();
        let mut at = At::default();
        loop {
            let (a, b) = (of_a.next().transpose()?, of_b.next().transpose()?);
            at = a.as_ref().map_or(at, |a| At::of(self.a, a));
            let found = match (&a, &b) {
                (None, None) => return Ok(None),
                (Some(a), Some(b)) => messages_differ(a, b, rules, names)?,
                (one, other) => {
                    let json = |it: &Option<RecordedMessage<'_>>| it.as_ref().map(RecordedMessage::text);
                    Some(Difference { path: String::new(), a: json(one), b: json(other) })
                }
            };
            if let Some(difference) = found {
                let numbers = (a.map(|a| a.number()), b.map(|b| b.number()));
                let divergence = self.told(channel, None, numbers, difference, before.into());
                return Ok(Some(Found { at, divergence }));
            }
            if let Some(a) = &a {
                before.push_back(a.text());
                if before.len() > BEFORE {
                    before.pop_front();
                }
            }
        }
    }

    fn as_sets(&self, channel: &str, rules: &Rules) -> Result<Option<Found>, DiffError> {
        let counted = |recorded| -> Result<HashMap<u128, u64>, DiffError> {
            let mut counts = HashMap::new();
            for message in of(recorded, channel) {
                *counts.entry(mark(&message?, rules)?).or_insert(0) += 1;
            }
            Ok(counts)
        };
        for (there, other, is_a) in [(self.a, self.b, true), (self.b, self.a, false)] {
            let mut counts = counted(other)?;
            for message in of(there, channel) {
                let message = message?;
                match counts.get_mut(&mark(&message, rules)?) {
                    Some(count) if *count > 0 => *count -= 1,
                    _ => {
                        let (number, json) = (Some(message.number()), Some(message.text()));
                        let (numbers, a, b) =
                            if is_a { ((number, None), json, None) } else { ((None, number), None, json) };
                        let difference = Difference { path: String::new(), a, b };
                        let divergence = self.told(channel, None, numbers, difference, Vec::new());
                        return Ok(Some(Found { at: At::of(there, &message), divergence }));
                    }
                }
            }
        }
        Ok(None)
    }

    pub(super) fn told(
        &self,
        channel: &str,
        sender: Option<String>,
        (a_number, b_number): (Option<u64>, Option<u64>),
        Difference { path, a, b }: Difference,
        before: Vec<String>,
    ) -> Divergence {
        let missing = |recorded: &Recorded, number: Option<u64>| {
            let gaps = recorded.channel(channel).map_or(&[][..], |channel| &channel.gaps);
            !recorded.damage().is_empty()
                || gaps.iter().any(|gap| number.is_none_or(|number| gap.from < number))
        };
        let gap_before = missing(self.a, a_number) || missing(self.b, b_number);
        let channel = channel.to_owned();
        Divergence { channel, sender, a_number, b_number, path, a, b, before, gap_before }
    }
}

pub(super) fn of<'r>(
    recorded: &'r Recorded,
    channel: &str,
) -> impl Iterator<Item = Result<RecordedMessage<'r>, crate::ReadError>> + use<'r> {
    recorded.records_of(channel)
}

pub(super) fn messages_differ(
    a: &RecordedMessage<'_>,
    b: &RecordedMessage<'_>,
    rules: &Rules,
    names: &mut Names,
) -> Result<Option<Difference>, DiffError> {
    let beside = |it: &RecordedMessage<'_>| (it.class(), it.is_request());
    if beside(a) != beside(b) {
        let told = |it: &RecordedMessage<'_>| {
            let kind = if it.is_request() { "a request" } else { "a message" };
            Some(format!("{kind} of class {:?}", it.class()))
        };
        return Ok(Some(Difference { path: String::new(), a: told(a), b: told(b) }));
    }
    Ok(difference(&a.tree()?, &b.tree()?, rules, names))
}

pub(super) fn mark(message: &RecordedMessage<'_>, rules: &Rules) -> Result<u128, DiffError> {
    let tree: Tree = message.tree()?;
    let beside = (message.class() as u128) << 1 | u128::from(message.is_request());
    Ok(fingerprint(&tree, rules) ^ beside)
}
