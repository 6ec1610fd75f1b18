//! Classes of traffic: a cancel that goes first, a job that is too old, one that fails for good, and where that goes.
//!
//! Run with `cargo run --example classes`.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::time::Duration;
use stratoswarm_core::{AckPolicy, DeadLetter, Fabric, Message, NoReply, Priority};

#[derive(Clone, Debug)]
enum Work {
    Job(&'static str),
    Cancel(u32),
}

impl Message for Work {
    type Reply = NoReply;

    fn priority(&self) -> Priority {
        if let Self::Cancel(_) = self { Priority::Critical } else { Priority::Normal }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let fabric = Fabric::new();
    let dead = fabric.channel::<DeadLetter<Work>>("work.dead").shutdown_order(1).open()?;
    let work = fabric.channel::<Work>("work").capacity(100).lane(Priority::Critical, 16).open()?;
    let policy = AckPolicy::explicit().max_deliver(2);
    let mut worker = work.group("workers").ack(policy).dead_letters(&dead).join()?;

    work.send(Work::Job("stale")).ttl(Duration::from_millis(1)).await?;
    work.send(Work::Job("poison")).await?;
    work.send(Work::Job("good")).await?;
    work.send(Work::Cancel(7)).await?; // in a lane with room of its own: it waits behind no job
    tokio::time::sleep(Duration::from_millis(5)).await;

    while let Ok(delivery) = worker.try_recv() {
        println!("delivery {}: {:?}", delivery.attempt(), *delivery);
        if let (Work::Job("good") | Work::Cancel(7), ack) = delivery.into_acked() {
            ack.ack();
        } // an `ack` that is dropped, as in a panic, has the message delivered again
    }
    for letter in dead.join("inspectors").try_iter() {
        println!("dead letter: {:?}, {}", letter.message, letter.reason);
    }
    Ok(())
}
