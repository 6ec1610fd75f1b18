//! 1 to 256 senders into one reader: the cost of a message.

use super::{Bound, Series, Side, flowing, lines};
use crate::{
    cases::{Audience, Shape},
    payload::Msg,
    rivals::{Before, Ours, Tokio},
};

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Series> {
    let mut sides = vec![
        Side::new("stratoswarm", flowing::<Msg, Ours>(shape)),
        Side::new("tokio", flowing::<Msg, Tokio>(shape)),
    ];
    sides.extend(Side::before(flowing::<Msg, Before>(shape)));
    let lines = lines(&sides, &[1, 4, 16, 64, 256], repetitions)?;
    Ok(Series { name: "senders", over: "senders", unit: "ns per message", bound: Bound::Linear, lines })
}

fn shape(senders: u64) -> Shape {
    Shape {
        senders: senders as usize,
        readers: 1,
        capacity: 1_000,
        messages: 128_000,
        audience: Audience::One,
    }
}
