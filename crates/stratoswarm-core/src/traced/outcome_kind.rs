use std::fmt;

use crate::request::{RequestLiveness, Verdict};

/// What became of a message in one of its readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum OutcomeKind {
    /// It was handed out.
    Taken,
    /// Its handler answered it, whether or not its caller still waited.
    Replied,
    /// Its handler let go of it without a reply, in a group that does not acknowledge.
    Unanswered,
    /// It was acknowledged.
    Acked,
    /// It was given back, to be delivered again, by its handler or as that let go of it.
    Nacked,
    /// Its handler wanted it delivered to nobody any more.
    Termed,
    /// It was not settled in time.
    Lapsed,
    /// It was past its deadline when its turn came.
    Expired,
    /// It made room for a newer one.
    Evicted,
    /// Its caller had gone when its turn came.
    Abandoned,
    /// It was given up: delivered as often as it may be, or expired in a group that has dead letters.
    Dead,
}

impl OutcomeKind {
    /// What a verdict is told as; none of one that settles nothing.
    pub(crate) fn of(verdict: &Verdict) -> Option<Self> {
        match verdict {
            Verdict::Ack => Some(Self::Acked),
            Verdict::Nak(_) => Some(Self::Nacked),
            Verdict::Term(_) => Some(Self::Termed),
            Verdict::Progress => None,
        }
    }

    /// What a message is told as whose turn came too late.
    pub(crate) fn of_late(why: RequestLiveness) -> Self {
        if why == RequestLiveness::Abandoned { Self::Abandoned } else { Self::Expired }
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Taken => "taken",
            Self::Replied => "replied",
            Self::Unanswered => "unanswered",
            Self::Acked => "acked",
            Self::Nacked => "nacked",
            Self::Termed => "termed",
            Self::Lapsed => "lapsed",
            Self::Expired => "expired",
            Self::Evicted => "evicted",
            Self::Abandoned => "abandoned",
            Self::Dead => "dead",
        })
    }
}
