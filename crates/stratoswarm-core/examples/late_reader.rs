//! A monitor that comes late, and begins with the last ten readings.
//!
//! Run with `cargo run --example late_reader`.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::error::Error;

use stratoswarm_core::{Fabric, JoinError, Message, NoReply, Start};

#[derive(Clone)]
struct Reading(u32);

impl Message for Reading {
    type Reply = NoReply;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let readings = Fabric::new().channel::<Reading>("readings").capacity(64).retain(10).open()?;
    let mut store = readings.join("store");
    for value in 0..1_000 {
        readings.send(Reading(value)).await?;
        let _stored = store.recv().await.ok_or("closed")?; // has stored it: for the store alone it would be gone
    }

    let mut monitor = readings.subscriber().start(Start::Oldest).open()?;
    readings.send(Reading(1_000)).await?;
    let seen: Vec<_> = monitor.try_iter().map(|reading| reading.0).collect();
    println!("the monitor begins with what was retained, and goes on: {seen:?}");

    match readings.group("audit").start(Start::Seq(5)).join() {
        Err(JoinError::NotRetained { oldest }) => println!("number 5 is gone; the oldest is {oldest}"),
        other => println!("unexpected: {other:?}"),
    }
    Ok(())
}
