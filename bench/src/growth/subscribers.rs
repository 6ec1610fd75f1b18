//! 1 to 64 lossless subscribers of one channel: the cost of a message sent to all of them.

use super::{Series, lines, versus};
use crate::{
    cases::{Audience, Shape},
    payload::Msg,
    rivals::{OursGated, TokioEach},
};

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Series> {
    let lines = lines(["stratoswarm", "tokio mpsc each"], &[1, 2, 4, 8, 16, 32, 64], |runtime, readers| {
        let shape = Shape {
            senders: 1,
            readers: readers as usize,
            capacity: 1_000,
            messages: 160_000 / readers,
            audience: Audience::All,
        };
        versus::<Msg, OursGated, TokioEach>(runtime, shape, repetitions)
    })?;
    Ok(Series { name: "subscribers", over: "subscribers", unit: "ns per message sent", lines })
}
