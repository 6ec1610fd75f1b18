//! 1 to 1,024 senders at a channel of one place: all but one wait, and each message has to wake the next.

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
    let lines = lines(&sides, &[1, 4, 16, 64, 256, 1_024], repetitions)?;
    Ok(Series {
        name: "waiting",
        over: "senders that wait for one place",
        unit: "ns per message",
        bound: Bound::Flat,
        lines,
    })
}

fn shape(senders: u64) -> Shape {
    Shape { senders: senders as usize, readers: 1, capacity: 1, messages: 16_384, audience: Audience::One }
}
