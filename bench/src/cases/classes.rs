//! `lanes/..`, `ttl/..`, `acked/..`, `ordered/..`, `weight/..`, `fair/..`, each `SENDERSxREADERS/CAPACITY`: what a class of traffic costs,
//! beside the same channel without it and tokio's mpsc.

use super::{Audience, Shape, contender};
use crate::{
    measure::{Case, Contender},
    payload::{Block, Msg, Payload},
    rivals::{
        Flow, Tokio,
        classes::{Acked, Fair, Lanes, Ordered, Plain, Timed, TokioTimed, Weighed},
    },
};

const SHAPE: Shape =
    Shape { senders: 1, readers: 1, capacity: 1_000, messages: 200_000, audience: Audience::One };
/// A message of ordinary priority.
type Ordinary = Block<64>;

const WITHOUT: &str = "ours, without it";
const NO_LANES: &str = "a plain mpsc";
const BY_HAND: &str = "a moment beside each message, looked at by hand";
const NO_ACKS: &str = "a plain mpsc, that forgets what it hands out";
const NO_WEIGHT: &str = "a plain mpsc, whatever messages weigh";
const NO_KEYS: &str = "a plain mpsc, in the order of sending";

pub(super) fn cases() -> Vec<Case> {
    vec![
        // A tenth of all is critical, a fifth low.
        case::<Msg, Lanes>("lanes/1x1/1000", vec![of::<Msg, Tokio>(NO_LANES)]),
        case::<Ordinary, Lanes>("lanes/1x1/1000/one-class", vec![of::<Ordinary, Tokio>(NO_LANES)]),
        case::<Msg, Timed>("ttl/1x1/1000", vec![of::<Msg, TokioTimed>(BY_HAND)]),
        case::<Msg, Acked>("acked/1x1/1000", vec![of::<Msg, Tokio>(NO_ACKS)]),
        case::<Msg, Ordered>("ordered/1x1/1000", vec![of::<Msg, Tokio>(NO_KEYS)]),
        case::<Msg, Weighed>("weight/1x1/1000", vec![of::<Msg, Tokio>(NO_WEIGHT)]),
        case::<Msg, Fair>("fair/1x1/1000", vec![of::<Msg, Tokio>(NO_KEYS)]),
    ]
}

fn case<P: Payload, F: Flow<P>>(name: &str, mut rivals: Vec<Contender>) -> Case {
    rivals.insert(0, of::<P, Plain>(WITHOUT));
    Case { name: name.to_owned(), short: false, ours: contender::<P, F>(SHAPE), rivals }
}

fn of<P: Payload, F: Flow<P>>(note: &'static str) -> Contender {
    Contender { note: Some(note), ..contender::<P, F>(SHAPE) }
}
