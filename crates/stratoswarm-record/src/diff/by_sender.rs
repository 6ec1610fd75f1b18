//! Of each sender the first with the first, the second with the second.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::{
    Diff, DiffError,
    compare::{Difference, Names, Rules},
    diff::{BEFORE, mark, messages_differ, of},
    found::{At, Found, earlier},
};
use crate::{ChannelSummary, RecordedMessage};

/// The messages of one sender that have no counterpart yet.
enum Stream<'r> {
    Ordered {
        a: VecDeque<RecordedMessage<'r>>,
        b: VecDeque<RecordedMessage<'r>>,
        before: VecDeque<RecordedMessage<'r>>,
    },
    Unordered(HashMap<u128, VecDeque<(RecordedMessage<'r>, Side)>>),
    /// A difference was found.
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    A,
    B,
}

/// What a difference is between, and what was before it.
type Pair<'r> =
    (Option<RecordedMessage<'r>>, Option<RecordedMessage<'r>>, Difference, Vec<RecordedMessage<'r>>);

impl Diff<'_> {
    /// The first difference in a channel of which both recordings tell the senders. Memory is taken for as much as their messages are
    /// shifted against one another.
    pub(super) fn by_sender(
        &self,
        channel: &str,
        rules: &Rules,
        names: &mut Names,
    ) -> Result<Option<Found>, DiffError> {
        let unordered = self.hinted(channel, |it| &it.unordered);
        let passed_over = self.hinted(channel, |it| &it.passed_over);
        let mut streams: BTreeMap<String, Stream<'_>> = BTreeMap::new();
        let (mut of_a, mut of_b) = (of(self.a, channel), of(self.b, channel));
        let (mut first, mut last) = (None, At::default());
        loop {
            let both = [(of_a.next().transpose()?, Side::A), (of_b.next().transpose()?, Side::B)];
            if both.iter().all(|(message, _)| message.is_none()) {
                break;
            }
            for (message, side) in both {
                let Some(message) = message else { continue };
                if side == Side::A {
                    last = At::of(self.a, &message);
                }
                let label = message.sender().map(|sender| sender.label().to_owned()).unwrap_or_default();
                if passed_over.contains(&*label) {
                    continue;
                }
                let stream = streams
                    .entry(label)
                    .or_insert_with_key(|label| Stream::new(unordered.contains(&**label)));
                if let Some(pair) = stream.put(message, side, rules, names)? {
                    let label = pair.0.as_ref().or(pair.1.as_ref()).and_then(RecordedMessage::sender);
                    let label = label.map(|sender| sender.label().to_owned());
                    first = earlier(first, Some(self.found(channel, label, pair, last)));
                }
            }
        }
        for (label, stream) in streams {
            if let Some(pair) = stream.left(self, rules, names)? {
                first = earlier(first, Some(self.found(channel, Some(label), pair, last)));
            }
        }
        Ok(first)
    }

    fn found(&self, channel: &str, sender: Option<String>, pair: Pair<'_>, last: At) -> Found {
        let (a, b, difference, before) = pair;
        let at = a.as_ref().map_or(last, |a| At::of(self.a, a));
        let numbers = (a.map(|a| a.number()), b.map(|b| b.number()));
        let before = before.iter().map(RecordedMessage::text).collect();
        Found { at, divergence: self.told(channel, sender, numbers, difference, before) }
    }

    /// What either recording says of a channel's senders.
    fn hinted<'d>(
        &'d self,
        channel: &str,
        what: impl Fn(&'d ChannelSummary) -> &'d Vec<String>,
    ) -> BTreeSet<&'d str> {
        let channels = [self.a, self.b].into_iter().filter_map(|of| of.channel(channel));
        channels.flat_map(what).map(String::as_str).collect()
    }
}

impl<'r> Stream<'r> {
    fn new(unordered: bool) -> Self {
        if unordered {
            return Self::Unordered(HashMap::new());
        }
        Self::Ordered { a: VecDeque::new(), b: VecDeque::new(), before: VecDeque::new() }
    }

    /// A message more; the difference, if there is one now.
    fn put(
        &mut self,
        message: RecordedMessage<'r>,
        side: Side,
        rules: &Rules,
        names: &mut Names,
    ) -> Result<Option<Pair<'r>>, DiffError> {
        match self {
            Self::Over => return Ok(None),
            Self::Unordered(left) => {
                let same = left.entry(mark(&message, rules)?).or_default();
                if same.front().is_some_and(|(_, other)| *other != side) {
                    same.pop_front();
                } else {
                    same.push_back((message, side));
                }
                return Ok(None);
            }
            Self::Ordered { a, b, .. } => if side == Side::A { a } else { b }.push_back(message),
        }
        let Self::Ordered { a, b, before } = self else { return Ok(None) };
        if a.is_empty() || b.is_empty() {
            return Ok(None);
        }
        let (Some(one), Some(other)) = (a.pop_front(), b.pop_front()) else { return Ok(None) };
        if let Some(difference) = messages_differ(&one, &other, rules, names)? {
            let before = std::mem::take(before).into();
            *self = Self::Over;
            return Ok(Some((Some(one), Some(other), difference, before)));
        }
        before.push_back(one);
        if before.len() > BEFORE {
            before.pop_front();
        }
        Ok(None)
    }

    /// What has no counterpart at the end.
    fn left(self, diff: &Diff<'_>, rules: &Rules, names: &mut Names) -> Result<Option<Pair<'r>>, DiffError> {
        let (a, b, before) = match self {
            Self::Over => return Ok(None),
            Self::Ordered { mut a, mut b, before } => (a.pop_front(), b.pop_front(), before.into()),
            Self::Unordered(left) => {
                let (of_a, of_b): (Vec<_>, Vec<_>) =
                    left.into_values().flatten().partition(|(_, side)| *side == Side::A);
                let first = |of: Vec<(RecordedMessage<'r>, Side)>, recorded| {
                    let all = of.into_iter().map(|(message, _)| message);
                    all.reduce(|one, other| {
                        if At::of(recorded, &other).is_before(At::of(recorded, &one)) { other } else { one }
                    })
                };
                (first(of_a, diff.a), first(of_b, diff.b), Vec::new())
            }
        };
        let difference = match (&a, &b) {
            (None, None) => return Ok(None),
            (Some(a), Some(b)) => messages_differ(a, b, rules, names)?,
            _ => None,
        };
        let json = |it: &Option<RecordedMessage<'_>>| it.as_ref().map(RecordedMessage::text);
        let whole = || Difference { path: String::new(), a: json(&a), b: json(&b) };
        let difference = difference.unwrap_or_else(whole);
        Ok(Some((a, b, difference, before)))
    }
}
