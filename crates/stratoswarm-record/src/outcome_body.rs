//! What is recorded of an outcome: a map of CBOR, in the topic `<channel>/outcomes`.

use serde::{Deserialize, Serialize};
use stratoswarm_core::{Outcome, OutcomeKind};

/// An outcome, but for the reply, which stands behind it under `R`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OutcomeBody {
    /// The number of the message.
    pub(crate) n: u64,
    /// The group; none of a subscriber.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) g: Option<String>,
    /// Which member had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) w: Option<u64>,
    /// The turn.
    pub(crate) t: u64,
    pub(crate) how: OutcomeKind,
    /// Which delivery it was.
    #[serde(default)]
    pub(crate) a: u32,
}

/// Outcomes that are missing here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MissedOutcomes {
    pub(crate) n: u64,
    pub(crate) missed: u64,
}

/// The one letter that is the key of a reply, encoded.
const REPLY: [u8; 2] = [0x61, b'R'];

/// Appends an outcome; whether it could be encoded.
pub(crate) fn write(outcome: &Outcome, into: &mut Vec<u8>) -> bool {
    let start = into.len();
    let body = OutcomeBody {
        n: outcome.seq,
        g: outcome.group.as_deref().map(str::to_owned),
        w: outcome.member,
        t: outcome.turn,
        how: outcome.how,
        a: outcome.attempt,
    };
    if cbor4ii::serde::to_writer(&mut *into, &body).is_err() {
        return false;
    }
    // A map of fewer than 23 pairs has their number in its first byte: one more is one pair more.
    if let Some(reply) = &outcome.reply
        && let Some(first @ 0xa0..=0xb6) = into.get_mut(start)
    {
        *first += 1;
        into.extend(REPLY);
        into.extend(reply);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Whole {
        n: u64,
        how: OutcomeKind,
        #[serde(rename = "R")]
        reply: String,
    }

    #[test]
    fn the_map_is_one_with_a_reply_in_it() {
        let body = OutcomeBody {
            n: 7,
            g: Some("workers".to_owned()),
            w: Some(1),
            t: 9,
            how: OutcomeKind::Replied,
            a: 1,
        };
        let mut bytes = cbor4ii::serde::to_vec(Vec::new(), &body).unwrap();
        assert_eq!(bytes[0], 0xa6, "a map with the number of its pairs in the first byte");
        bytes[0] += 1;
        bytes.extend(REPLY);
        bytes.extend(cbor4ii::serde::to_vec(Vec::new(), &"done").unwrap());
        let whole: Whole = cbor4ii::serde::from_slice(&bytes).unwrap();
        assert_eq!(whole, Whole { n: 7, how: OutcomeKind::Replied, reply: "done".to_owned() });
        let read: OutcomeBody = cbor4ii::serde::from_slice(&bytes).unwrap();
        assert_eq!(read, body, "a reader passes over what it does not know");
    }
}
