//! Messages of 8 bytes to 64 KiB, moved and not shared.

use tokio::runtime::Runtime;

use super::{Series, lines, versus};
use crate::{
    cases::{Audience, Shape},
    payload::Block,
    rivals::{Ours, Tokio},
};

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Series> {
    let lines =
        lines(["stratoswarm", "tokio"], &[8, 64, 512, 4_096, 65_536], |runtime, bytes| match bytes {
            8 => of::<8>(runtime, repetitions),
            64 => of::<64>(runtime, repetitions),
            512 => of::<512>(runtime, repetitions),
            4_096 => of::<4_096>(runtime, repetitions),
            _ => of::<65_536>(runtime, repetitions),
        })?;
    Ok(Series { name: "size", over: "bytes per message", unit: "ns per message", lines })
}

fn of<const N: usize>(runtime: &Runtime, repetitions: usize) -> anyhow::Result<(f64, f64)> {
    /// Bytes of one run at most.
    const VOLUME: usize = 128 << 20;
    let messages = (VOLUME / N).min(100_000) as u64;
    let shape = Shape { senders: 1, readers: 1, capacity: 64, messages, audience: Audience::One };
    versus::<Block<N>, Ours, Tokio>(runtime, shape, repetitions)
}
