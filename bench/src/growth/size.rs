//! Messages of 8 bytes to 64 KiB, moved and not shared.

use tokio::runtime::Runtime;

use super::{Bound, Series, Side, lines};
use crate::{
    cases::{Audience, Shape, flow},
    payload::Block,
    rivals::{Before, Flow, Ours, Tokio},
};

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Series> {
    /// A contender of blocks of all these sizes.
    macro_rules! cost {
        ($contender:ty) => {
            |runtime: &Runtime, bytes: u64| match bytes {
                8 => of::<8, $contender>(runtime),
                64 => of::<64, $contender>(runtime),
                512 => of::<512, $contender>(runtime),
                4_096 => of::<4_096, $contender>(runtime),
                _ => of::<65_536, $contender>(runtime),
            }
        };
    }
    let mut sides = vec![Side::new("stratoswarm", cost!(Ours)), Side::new("tokio", cost!(Tokio))];
    sides.extend(Side::before(cost!(Before)));
    let lines = lines(&sides, &[8, 64, 512, 4_096, 65_536], repetitions)?;
    Ok(Series {
        name: "size",
        over: "bytes per message",
        unit: "ns per message",
        bound: Bound::Linear,
        lines,
    })
}

fn of<const N: usize, F: Flow<Block<N>>>(runtime: &Runtime) -> anyhow::Result<f64> {
    /// Bytes of one run at most.
    const VOLUME: usize = 128 << 20;
    let messages = (VOLUME / N).min(100_000) as u64;
    let shape = Shape { senders: 1, readers: 1, capacity: 64, messages, audience: Audience::One };
    flow::<Block<N>, F>(runtime, shape)
}
