//! `bytes/8`: a mebibyte of `Bytes` to 8 subscribers. Each must get it at the address it was sent from, and no run may
//! allocate as much as one payload.

use allocation_counter::AllocationInfo;
use anyhow::ensure;
use tokio::runtime::{Runtime, RuntimeFlavor};

use super::{Audience, Shape, contender, flow};
use crate::{
    measure::{Case, Contender, Sample},
    payload::{Blob, Payload as _},
    rivals::{AsyncBroadcast, AsyncBroadcastDirect, Flow, OursGated, TokioEach},
};

const READERS: usize = 8;
const SHAPE: Shape =
    Shape { senders: 1, readers: READERS, capacity: 100, messages: 20_000, audience: Audience::All };

pub(super) fn cases() -> Vec<Case> {
    vec![Case {
        name: format!("bytes/{READERS}"),
        short: true,
        ours: counted::<OursGated>(),
        rivals: vec![
            counted::<AsyncBroadcast>(),
            counted::<AsyncBroadcastDirect>(),
            Contender { note: Some("one mpsc per subscriber"), ..counted::<TokioEach>() },
        ],
    }]
}

/// A run whose allocations are counted where they can be: the counter sees one thread.
fn counted<F: Flow<Blob>>() -> Contender {
    let run = |runtime: &Runtime| {
        drop(Blob::numbered(0)); // the payloads exist before the counting
        let mut ns = Ok(0.0);
        let counted: AllocationInfo = allocation_counter::measure(|| ns = flow::<Blob, F>(runtime, SHAPE));
        let one_thread = runtime.handle().runtime_flavor() == RuntimeFlavor::CurrentThread;
        let bytes = one_thread.then_some(counted.bytes_max as f64);
        ensure!(
            bytes.is_none_or(|bytes| bytes < Blob::LEN as f64),
            "allocated {} bytes at once, as if a payload was copied",
            counted.bytes_max
        );
        Ok(Sample { ns: ns?, bytes, ..Sample::default() })
    };
    Contender { run: Box::new(run), ..contender::<Blob, F>(SHAPE) }
}
