//! The ordinary end of a program: channels close in order and drain, and the report says what is left and who holds on.
//!
//! Run with `cargo run --example shutdown`.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::{error::Error, time::Duration};

use stratoswarm_core::{Fabric, Message, NoReply};

#[derive(Clone)]
struct Order(u32);

impl Message for Order {
    type Reply = NoReply;
}

#[derive(Clone)]
struct Parcel(u32);

impl Message for Parcel {
    type Reply = NoReply;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let fabric = Fabric::new();
    let orders = fabric.channel::<Order>("orders").capacity(16).shutdown_order(1).open()?; // closed first: upstream
    let parcels = fabric.channel::<Parcel>("parcels").capacity(4).shutdown_order(2).open()?;
    let returns = fabric.channel::<Parcel>("returns").shutdown_order(3).group("clerks").open()?; // no clerk ever comes

    for _ in 0..2 {
        let mut packer = orders.join("packers");
        let parcels = parcels.clone();
        tokio::spawn(async move {
            while let Some(order) = packer.recv().await {
                if parcels.send(Parcel(order.0)).await.is_err() {
                    return;
                }
            }
        });
    }
    let mut courier = parcels.join("couriers");
    let delivered = tokio::spawn(async move {
        let mut numbers = Vec::new();
        while let Some(parcel) = courier.recv().await {
            numbers.push(parcel.0);
        }
        numbers
    });

    for n in 0..10 {
        orders.send(Order(n)).await?;
    }
    returns.send(Parcel(3)).await?;
    let forgotten = orders.clone(); // the leak that the report names
    drop((orders, parcels, returns));

    let report = fabric.shutdown(Duration::from_secs(5)).await;
    for channel in &report.channels {
        println!(
            "{}: {} drained, {} in flight, {} undelivered",
            channel.name, channel.drained, channel.in_flight, channel.undelivered
        );
    }
    for handle in &report.held {
        println!("still held: a {} of {:?}, made at {}", handle.kind, handle.channel, handle.location);
    }
    println!("clean: {}", report.is_clean());

    println!("the courier took {:?}", delivered.await?);
    drop(forgotten);
    Ok(())
}
