//! Messages through the library's own paths: send and receive, batches, a group, gated and lossy readers, requests.
//!
//! For use while changing the library: `cargo bench -p stratoswarm-core --bench throughput`. The comparison with other
//! libraries is `cargo run --release -p stratoswarm-bench`.
#![allow(clippy::expect_used, reason = "a bench that cannot run may panic")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use stratoswarm_core::{Channel, Fabric, Message, Receiver};
use tokio::runtime::{Builder, Runtime};

const MESSAGES: u64 = 10_000;
const CAPACITY: usize = 1_000;
const BATCH: usize = 32;

/// 64 bytes.
#[derive(Debug, Clone)]
struct Work([u64; 8]);

impl Message for Work {
    type Reply = u64;
}

fn work(id: u64) -> Work {
    Work([id; 8])
}

fn open() -> Channel<Work> {
    Fabric::new().channel("bench").capacity(CAPACITY).open().expect("a new name")
}

fn runtimes() -> [(&'static str, Runtime); 2] {
    [
        ("current_thread", Builder::new_current_thread().enable_time().build().expect("a runtime")),
        (
            "multi_thread",
            Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("a runtime"),
        ),
    ]
}

/// One group: so many senders, so many members.
async fn group(senders: u64, members: usize) {
    let channel = open();
    let members: Vec<_> = (0..members).map(|_| tokio::spawn(drain(channel.join("group")))).collect();
    let senders: Vec<_> = (0..senders)
        .map(|_| {
            let channel = channel.clone();
            tokio::spawn(async move {
                for id in 0..MESSAGES / senders {
                    channel.send(work(id)).await.expect("open");
                }
            })
        })
        .collect();
    drop(channel);
    for sender in senders {
        sender.await.expect("no panic");
    }
    for member in members {
        member.await.expect("no panic");
    }
}

async fn drain(mut receiver: Receiver<Work>) -> u64 {
    let mut sum = 0_u64;
    while let Some(delivery) = receiver.recv().await {
        sum = sum.wrapping_add(delivery.0[7]);
    }
    sum
}

async fn batches() {
    let channel = open();
    let mut receiver = channel.join("group");
    let reader = tokio::spawn(async move {
        let (mut sum, mut batch) = (0_u64, Vec::with_capacity(BATCH));
        while receiver.recv_many(&mut batch, BATCH).await > 0 {
            for delivery in batch.drain(..) {
                sum = sum.wrapping_add(delivery.0[7]);
            }
        }
        sum
    });
    let sender = tokio::spawn(async move {
        let (mut ids, mut batch) = (0..MESSAGES, Vec::with_capacity(BATCH));
        while !ids.is_empty() {
            batch.extend(ids.by_ref().take(BATCH).map(work));
            channel.send_many(&mut batch).await.expect("open");
        }
    });
    sender.await.expect("no panic");
    reader.await.expect("no panic");
}

async fn gated(subscribers: usize) {
    let channel = open();
    let readers: Vec<_> = (0..subscribers)
        .map(|_| {
            let mut subscriber = channel.subscribe();
            tokio::spawn(async move {
                let mut sum = 0_u64;
                while let Some(message) = subscriber.recv().await {
                    sum = sum.wrapping_add(message.0[7]);
                }
                sum
            })
        })
        .collect();
    let sender = tokio::spawn(async move {
        for id in 0..MESSAGES {
            channel.send(work(id)).await.expect("open");
        }
    });
    sender.await.expect("no panic");
    for reader in readers {
        reader.await.expect("no panic");
    }
}

async fn lossy(subscribers: usize) {
    /// Less than tokio's budget, so that readers on one thread keep up.
    const BURST: u64 = 64;
    let broadcast = Fabric::new().broadcast("bench").capacity(1_024).open().expect("a new name");
    let readers: Vec<_> = (0..subscribers)
        .map(|_| {
            let mut subscriber = broadcast.subscribe();
            tokio::spawn(async move {
                let mut sum = 0_u64;
                while let Some(got) = subscriber.recv().await {
                    sum = sum
                        .wrapping_add(got.map_or_else(|lagged| lagged.missed, |message: Work| message.0[7]));
                }
                sum
            })
        })
        .collect();
    let sender = tokio::spawn(async move {
        for id in 0..MESSAGES {
            broadcast.send(work(id)).expect("open");
            if id % BURST == 0 {
                tokio::task::yield_now().await;
            }
        }
    });
    sender.await.expect("no panic");
    for reader in readers {
        reader.await.expect("no panic");
    }
}

async fn requests(callers: u64) {
    let channel = open();
    let mut handlers = channel.join("handlers");
    let handler = tokio::spawn(async move {
        while let Some(delivery) = handlers.recv().await {
            let (message, reply) = delivery.into_parts();
            reply.send(message.0[7]);
        }
    });
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let channel = channel.clone();
            tokio::spawn(async move {
                for id in 0..MESSAGES / callers {
                    channel.request(work(id)).await.expect("answered");
                }
            })
        })
        .collect();
    drop(channel);
    for caller in callers {
        caller.await.expect("no panic");
    }
    handler.await.expect("no panic");
}

fn throughput(criterion: &mut Criterion) {
    for (name, runtime) in runtimes() {
        let mut bench = criterion.benchmark_group(name);
        bench.throughput(Throughput::Elements(MESSAGES)).sample_size(30);
        for (senders, members) in [(1, 1), (4, 1), (4, 4)] {
            let id = BenchmarkId::new("group", format!("{senders}x{members}"));
            bench.bench_function(id, |b| b.to_async(&runtime).iter(|| group(senders, members)));
        }
        bench.bench_function("batch/1x1", |b| b.to_async(&runtime).iter(batches));
        for readers in [1, 3, 8] {
            bench.bench_function(BenchmarkId::new("gated", readers), |b| {
                b.to_async(&runtime).iter(|| gated(readers));
            });
            bench.bench_function(BenchmarkId::new("lossy", readers), |b| {
                b.to_async(&runtime).iter(|| lossy(readers));
            });
        }
        for callers in [1, 64] {
            bench.bench_function(BenchmarkId::new("request", callers), |b| {
                b.to_async(&runtime).iter(|| requests(callers));
            });
        }
        bench.finish();
    }
}

criterion_group!(benches, throughput);
criterion_main!(benches);
