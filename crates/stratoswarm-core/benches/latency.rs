//! Single operations without contention: what one send and receive, one permit, one request costs.
//!
//! For use while changing the library: `cargo bench -p stratoswarm-core --bench latency`.
#![allow(clippy::expect_used, reason = "a bench that cannot run may panic")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use stratoswarm_core::{Channel, Fabric, Message};
use tokio::runtime::{Builder, Runtime};

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
    Fabric::new().channel("bench").capacity(1_000).open().expect("a new name")
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

fn try_send_and_try_recv(criterion: &mut Criterion) {
    let channel = open();
    let mut receiver = channel.join("group");
    criterion.bench_function("try_send + try_recv", |b| {
        b.iter(|| {
            channel.try_send(work(1)).expect("room");
            black_box(receiver.try_recv().expect("a message"))
        });
    });
}

fn send_and_recv(criterion: &mut Criterion) {
    let runtime = current_thread();
    criterion.bench_function("send + recv", |b| {
        b.iter_custom(|turns| {
            runtime.block_on(async {
                let channel = open();
                let mut receiver = channel.join("group");
                let start = Instant::now();
                for id in 0..turns {
                    channel.send(work(id)).await.expect("open");
                    black_box(receiver.recv().await);
                }
                start.elapsed()
            })
        });
    });
}

fn reserve_and_send(criterion: &mut Criterion) {
    let runtime = current_thread();
    criterion.bench_function("reserve + permit.send + recv", |b| {
        b.iter_custom(|turns| {
            runtime.block_on(async {
                let channel = open();
                let mut receiver = channel.join("group");
                let start = Instant::now();
                for id in 0..turns {
                    channel.reserve().await.expect("open").send(work(id));
                    black_box(receiver.recv().await);
                }
                start.elapsed()
            })
        });
    });
}

/// One message to several subscribers in the same task: no wake-up, the engine alone.
fn send_and_recv_by_all(criterion: &mut Criterion) {
    let runtime = current_thread();
    let mut group = criterion.benchmark_group("send + recv by all");
    for subscribers in [1, 3, 8] {
        group.bench_function(BenchmarkId::from_parameter(subscribers), |b| {
            b.iter_custom(|turns| {
                runtime.block_on(async {
                    let channel = open();
                    let mut readers: Vec<_> = (0..subscribers).map(|_| channel.subscribe()).collect();
                    let start = Instant::now();
                    for id in 0..turns {
                        channel.send(work(id)).await.expect("open");
                        for reader in &mut readers {
                            black_box(reader.recv().await);
                        }
                    }
                    start.elapsed()
                })
            });
        });
    }
    group.finish();
}

/// A hand-over between two tasks through a channel of one place: every message waits for a wake-up.
fn one_place(criterion: &mut Criterion) {
    let runtime = current_thread();
    criterion.bench_function("hand-over at capacity 1", |b| {
        b.iter_custom(|turns| {
            runtime.block_on(async {
                let channel = Fabric::new().channel::<Work>("one").capacity(1).open().expect("a new name");
                let mut receiver = channel.join("group");
                let start = Instant::now();
                let sender = tokio::spawn(async move {
                    for id in 0..turns {
                        channel.send(work(id)).await.expect("open");
                    }
                });
                while let Some(delivery) = receiver.recv().await {
                    black_box(delivery.0[7]);
                }
                sender.await.expect("no panic");
                start.elapsed()
            })
        });
    });
}

/// A round trip, its deadline on.
fn request(criterion: &mut Criterion) {
    let runtime = current_thread();
    criterion.bench_function("request", |b| {
        b.iter_custom(|turns| {
            runtime.block_on(async {
                let channel = open();
                let mut handlers = channel.join("handlers");
                let handler = tokio::spawn(async move {
                    while let Some(delivery) = handlers.recv().await {
                        let (message, reply) = delivery.into_parts();
                        reply.send(message.0[7]);
                    }
                });
                let start = Instant::now();
                for id in 0..turns {
                    let reply = channel.request(work(id)).timeout(Duration::from_secs(5)).await;
                    black_box(reply.expect("answered"));
                }
                let took = start.elapsed();
                drop(channel);
                handler.await.expect("no panic");
                took
            })
        });
    });
}

/// Opening, looking up and dropping a channel in a fabric that has a thousand others.
fn open_and_get(criterion: &mut Criterion) {
    let fabric = Fabric::new();
    let others: Vec<_> = (0..1_000)
        .map(|i| fabric.channel::<Work>(format!("other {i}")).open().expect("a new name"))
        .collect();
    criterion.bench_function("get among 1,000", |b| {
        b.iter(|| black_box(fabric.get::<Work>("other 500")).expect("there"));
    });
    criterion.bench_function("open + close among 1,000", |b| {
        b.iter(|| {
            let channel = fabric.channel::<Work>("new").open().expect("a new name");
            channel.close();
        });
    });
    drop(others);
}

criterion_group!(
    benches,
    try_send_and_try_recv,
    send_and_recv,
    reserve_and_send,
    send_and_recv_by_all,
    one_place,
    request,
    open_and_get
);
criterion_main!(benches);
