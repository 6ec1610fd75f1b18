//! `bytes/8`: a mebibyte of `Bytes` to 8 subscribers. Each must get it at the address it was sent from, and a message
//! may cost no run more than a thousandth of the payload in allocations.

use anyhow::ensure;
use tokio::runtime::Runtime;

use super::{Audience, Shape, contender, flow};
use crate::{
    measure::{Case, Contender, Sample},
    memory,
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

/// A run whose allocations are counted.
fn counted<F: Flow<Blob>>() -> Contender {
    let run = |runtime: &Runtime| {
        drop(Blob::numbered(0)); // the payloads exist before the counting
        let mut ns = Ok(0.0);
        let allocated = memory::measure(|| ns = flow::<Blob, F>(runtime, SHAPE));
        let bytes = allocated.total / SHAPE.messages as f64;
        ensure!(
            bytes < Blob::LEN as f64 / 1000.0,
            "allocated {bytes} bytes a message, as if some payloads were copied"
        );
        Ok(Sample { ns: ns?, bytes: Some(bytes), ..Sample::default() })
    };
    Contender { run: Box::new(run), ..contender::<Blob, F>(SHAPE) }
}
