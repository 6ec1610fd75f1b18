//! Requests with deadlines in a runtime that was built without `enable_time`: a thread of its own keeps them.
//!
//! Run with `cargo run --example without_a_clock`. It holds also where a panic ends the program, as with
//! `panic = "abort"` in a profile.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::{error::Error, time::Duration};

use stratoswarm_core::{Fabric, Message, RequestError};

#[derive(Clone)]
struct Ping;

impl Message for Ping {
    type Reply = ();
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?; // no clock
    let pings = Fabric::new().channel::<Ping>("pings").open()?;
    let _idle = pings.join("workers"); // and nobody answers
    let asked = runtime.block_on(async { pings.request(Ping).timeout(Duration::from_millis(10)).await });
    match asked {
        Err(RequestError::Expired { stage, .. }) => println!("no answer: expired while {stage}"),
        other => return Err(format!("neither expired nor panicked: {other:?}").into()),
    }
    Ok(())
}
