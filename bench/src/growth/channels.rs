//! 1 to 10,000 channels in one fabric: opening one, looking one up, what an idle one holds, and the cost of a message
//! that goes to one after the other.

use std::time::Instant;

use anyhow::ensure;
use stratoswarm_core::{Channel, Fabric, Receiver};
use tokio::runtime::Runtime;

use super::{Bound, Line, Series};
use crate::{
    measure::median,
    memory,
    payload::{Msg, Payload as _},
    runtime::Flavor,
};

const CHANNELS: [u64; 5] = [1, 10, 100, 1_000, 10_000];
const CAPACITY: usize = 1_000;
const MESSAGES: usize = 100_000;

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Vec<Series>> {
    let mut opening = Line { label: "stratoswarm".to_owned(), points: Vec::new() };
    let (mut looking_up, mut idle) = (opening.clone(), opening.clone());
    let mut message =
        Flavor::ALL.map(|flavor| Line { label: format!("stratoswarm, {flavor}"), points: Vec::new() });

    for channels in CHANNELS {
        let (mut open, mut get, mut bytes, mut sent) =
            (Vec::new(), Vec::new(), Vec::new(), [Vec::new(), Vec::new()]);
        for _ in 0..repetitions {
            let names: Vec<String> = (0..channels).map(|i| format!("channel {i}")).collect();
            let opened = Opened::new(&names);
            open.push(opened.ns);
            bytes.push(opened.bytes);
            get.push(look_up(&opened.fabric, &names)?);
            let mut handles = opened.handles;
            for (flavor, sent) in Flavor::ALL.into_iter().zip(&mut sent) {
                let (ns, back) = send(&flavor.build()?, handles)?;
                sent.push(ns);
                handles = back;
            }
        }
        opening.points.push((channels, median(open)));
        looking_up.points.push((channels, median(get)));
        idle.points.push((channels, median(bytes)));
        for (line, sent) in message.iter_mut().zip(sent) {
            line.points.push((channels, median(sent)));
        }
    }
    let over = "channels in one fabric";
    Ok(vec![
        Series {
            name: "channels",
            over,
            unit: "ns per message",
            bound: Bound::Linear,
            lines: message.into(),
        },
        Series {
            name: "opening",
            over,
            unit: "ns per channel opened",
            bound: Bound::Linear,
            lines: vec![opening],
        },
        Series {
            name: "looking-up",
            over,
            unit: "ns per look-up",
            bound: Bound::Linear,
            lines: vec![looking_up],
        },
        Series {
            name: "idle",
            over,
            unit: "bytes per idle channel",
            bound: Bound::Linear,
            lines: vec![idle],
        },
    ])
}

type Handles = Vec<(Channel<Msg>, Receiver<Msg>)>;

struct Opened {
    fabric: Fabric,
    handles: Handles,
    ns: f64,
    bytes: f64,
}

impl Opened {
    /// A fabric with channels of these names, each with one member of one group.
    fn new(names: &[String]) -> Self {
        let fabric = Fabric::new();
        let mut handles = Vec::with_capacity(names.len());
        let mut ns = 0.0;
        let allocated = memory::measure(|| {
            let start = Instant::now();
            for name in names {
                let channel = fabric.channel(name.as_str()).capacity(CAPACITY).open().expect("a new name");
                let member = channel.join("group");
                handles.push((channel, member));
            }
            ns = start.elapsed().as_nanos() as f64;
        });
        let n = names.len() as f64;
        Self { fabric, handles, ns: ns / n, bytes: allocated.held / n }
    }
}

/// Nanoseconds to look up one by its name.
fn look_up(fabric: &Fabric, names: &[String]) -> anyhow::Result<f64> {
    let turns = MESSAGES / names.len();
    let start = Instant::now();
    for _ in 0..turns {
        for name in names {
            ensure!(fabric.get::<Msg>(name).is_some(), "{name} is not found");
        }
    }
    Ok(start.elapsed().as_nanos() as f64 / (turns * names.len()) as f64)
}

/// Nanoseconds per message, sent to and received from one channel after the other.
fn send(runtime: &Runtime, mut handles: Handles) -> anyhow::Result<(f64, Handles)> {
    runtime.block_on(async {
        let turns = MESSAGES / handles.len();
        tokio::spawn(async move {
            let start = Instant::now();
            for id in 0..turns as u64 {
                for (channel, member) in &mut handles {
                    ensure!(channel.send(Msg::numbered(id)).await.is_ok(), "a send was refused");
                    let got = member.recv().await.map(|delivery| delivery.id());
                    ensure!(got == Some(id), "received {got:?} in place of {id}");
                }
            }
            Ok((start.elapsed().as_nanos() as f64 / (turns * handles.len()) as f64, handles))
        })
        .await?
    })
}
