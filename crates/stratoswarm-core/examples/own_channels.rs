//! Channels of your own: a message with one reply, an enum whose variants have replies of their own, and observers.
//!
//! Run with `cargo run --example own_channels`.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::error::Error;

use stratoswarm_core::{Fabric, Message, Receiver, protocol};

/// Asks for the price of a ware; answered in cents.
#[derive(Clone)]
struct Price(&'static str);

impl Message for Price {
    type Reply = u64;
}

#[derive(Debug, Clone)]
struct Deposit(u64);

#[derive(Debug, Clone)]
struct Withdraw(u64);

#[derive(Debug, Clone)]
struct Audit;

protocol! {
    /// What an account understands.
    #[derive(Debug, Clone)]
    enum Account => AccountCall { Deposit -> u64, Withdraw -> Result<u64, String>, Audit }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let fabric = Fabric::new();
    let prices = fabric.channel::<Price>("prices").open()?;
    let mut seller = prices.join("sellers");
    tokio::spawn(async move {
        while let Some(delivery) = seller.recv().await {
            let (Price(ware), reply) = delivery.into_parts();
            reply.send(ware.len() as u64 * 100);
        }
    });
    println!("tea costs {} cents", prices.request(Price("tea")).await?);

    let account = fabric.channel::<Account>("account").capacity(2).open()?;
    let clerk = tokio::spawn(clerk(account.join("clerks")));
    let mut ledger = account.subscribe(); // gets every message; senders wait when it is 2 behind
    let mut glance = account.tap(); // nobody waits for it; it is told what it missed
    let ledger = tokio::spawn(async move {
        while let Some(message) = ledger.recv().await {
            println!("ledger: {message:?}");
        }
    });
    println!("after the deposit: {} cents", account.request(Deposit(500)).await?);
    println!("withdrawn: {:?}", account.request(Withdraw(900)).await?);
    for _ in 0..3 {
        account.send(Audit.into()).await?;
    }
    account.close();
    clerk.await?;
    ledger.await?;
    while let Some(message) = glance.recv().await {
        println!("glance: {message:?}");
    }
    Ok(())
}

async fn clerk(mut calls: Receiver<Account>) {
    let mut balance = 0;
    while let Some(delivery) = calls.recv().await {
        match delivery.into() {
            AccountCall::Deposit(Deposit(cents), reply) => {
                balance += cents;
                reply.send(balance);
            }
            AccountCall::Withdraw(Withdraw(cents), reply) => {
                let rest = balance.checked_sub(cents).ok_or(format!("only {balance} cents are there"));
                balance = *rest.as_ref().unwrap_or(&balance);
                reply.send(rest);
            }
            AccountCall::Audit(Audit) => println!("clerk: {balance} cents"),
        }
    }
}
