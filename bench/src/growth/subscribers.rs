//! 1 to 64 lossless subscribers of one channel: the cost of a message sent to all of them.

use super::{Bound, Series, Side, flowing, lines};
use crate::{
    cases::{Audience, Shape},
    payload::Msg,
    rivals::{BeforeGated, OursGated, TokioEach},
};

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Series> {
    let mut sides = vec![
        Side::new("stratoswarm", flowing::<Msg, OursGated>(shape)),
        Side::new("tokio mpsc each", flowing::<Msg, TokioEach>(shape)),
    ];
    sides.extend(Side::before(flowing::<Msg, BeforeGated>(shape)));
    let lines = lines(&sides, &[1, 2, 4, 8, 16, 32, 64], repetitions)?;
    Ok(Series {
        name: "subscribers",
        over: "subscribers",
        unit: "ns per message sent",
        bound: Bound::Linear,
        lines,
    })
}

fn shape(readers: u64) -> Shape {
    Shape {
        senders: 1,
        readers: readers as usize,
        capacity: 1_000,
        messages: 160_000 / readers,
        audience: Audience::All,
    }
}
