//! Three of the eight predefined channels: a device that serves requests, an observer, a cost model, and events.
//!
//! Run with `cargo run --example quickstart`.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::{collections::HashMap, error::Error, time::Duration};

use bytes::Bytes;
use stratoswarm_core::{
    ChannelRegistry, Receiver,
    messages::{
        AgentId, AgentSpawned, BufferId, CostCall, CostMessage, CostQuote, GpuCall, GpuCommand, GpuFault,
        QueryCost, Stored, TransferFromDevice, TransferToDevice,
    },
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let registry = ChannelRegistry::new();
    tokio::spawn(device(registry.gpu().join("executors"))); // more members would share the commands
    tokio::spawn(cost_model(registry.cost().join("models")));
    let mut seen = registry.gpu().tap(); // an observer that never holds a sender back
    let mut events = registry.events().subscribe();

    registry.events().send(AgentSpawned { agent: AgentId::from_u128(1) }.into())?;
    let quote = registry.cost().request(QueryCost { tasks: 3 }).timeout(Duration::from_secs(1)).await?;
    println!("3 tasks cost {}", quote.price);

    let buffer = BufferId::from_u128(7);
    let upload = TransferToDevice { buffer, data: Bytes::from_static(b"0123456789") };
    let stored = registry.gpu().request(upload).await??; // outer error: the fabric's; inner: the device's
    println!("stored {} bytes, {} are free", stored.stored_bytes, stored.free_bytes);
    println!("read back {:?}", registry.gpu().request(TransferFromDevice { buffer }).await??);
    let unknown = TransferFromDevice { buffer: BufferId::from_u128(8) };
    println!("an answer can be a fault: {:?}", registry.gpu().request(unknown).await?);

    let report = registry.shutdown(Duration::from_secs(5)).await;
    while let Some(command) = seen.recv().await {
        println!("tap: {:?}", command?); // an error says how many it missed
    }
    while let Some(event) = events.recv().await {
        println!("event: {:?}", event?);
    }
    println!("all drained: {}", report.is_clean());
    Ok(())
}

/// A device of 64 bytes that knows no kernel. It owns its receiver only, so it ends when the channel does.
async fn device(mut commands: Receiver<GpuCommand>) {
    let mut memory: HashMap<BufferId, Bytes> = HashMap::new();
    while let Some(delivery) = commands.recv().await {
        match delivery.into() {
            GpuCall::TransferToDevice(TransferToDevice { buffer, data }, reply) => {
                let stored_bytes = data.len() as u64;
                memory.insert(buffer, data);
                let used_bytes: u64 = memory.values().map(|data| data.len() as u64).sum();
                reply.send(Ok(Stored { stored_bytes, free_bytes: 64_u64.saturating_sub(used_bytes) }));
            }
            GpuCall::TransferFromDevice(TransferFromDevice { buffer }, reply) => {
                reply.send(memory.get(&buffer).cloned().ok_or(GpuFault::UnknownBuffer { buffer }));
            }
            other => println!("not served: {other:?}"), // its caller is told `Unanswered`
        }
    }
}

/// Half a unit per task.
async fn cost_model(mut questions: Receiver<CostMessage>) {
    while let Some(delivery) = questions.recv().await {
        if let CostCall::QueryCost(query, reply) = delivery.into() {
            reply.send(CostQuote { price: f64::from(query.tasks) * 0.5, samples: 0 });
        }
    }
}
