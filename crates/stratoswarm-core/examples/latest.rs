//! A slow screen beside a book-keeper: the screen is shown the newest price of each symbol, the book-keeper gets them all, and
//! a recorder that is stuck holds nobody up.
//!
//! Run with `cargo run --example latest`. Time is tokio's paused clock, so that it takes none.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::{error::Error, time::Duration};

use stratoswarm_core::{Fabric, Message, NoReply};
use tokio::time;

const SYMBOLS: [&str; 3] = ["STR", "SWM", "FBR"];
/// A price comes so often, of one symbol after the other.
const PERIOD: Duration = Duration::from_millis(1);
/// The screen takes so long to show one.
const FRAME: Duration = Duration::from_millis(16);
const PRICES: u32 = 3_000;

#[derive(Clone, Debug)]
struct Price {
    symbol: &'static str,
    cents: u32,
}

impl Message for Price {
    type Reply = NoReply;
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    let prices = Fabric::new().channel::<Price>("prices").capacity(16).open()?;
    let mut screen = prices.group("screen").latest_by(|price: &Price| price.symbol).join()?;
    let mut books = prices.join("books");
    let _stuck = prices.group("recorder").drop_oldest().join()?;

    let showing = tokio::spawn(async move {
        let (mut shown, mut newest) = (0, 0);
        while let Some(price) = screen.recv().await {
            shown += 1;
            newest = newest.max(price.cents);
            time::sleep(FRAME).await;
        }
        (shown, newest)
    });
    let booking = tokio::spawn(async move {
        let mut booked = 0;
        while books.recv().await.is_some() {
            booked += 1;
        }
        booked
    });

    let begin = time::Instant::now();
    for (cents, symbol) in (0..PRICES).zip(SYMBOLS.into_iter().cycle()) {
        prices.send(Price { symbol, cents }).await?;
        time::sleep(PERIOD).await;
    }
    let offered = begin.elapsed();
    let info = prices.info();
    prices.close();
    let ((shown, newest), booked) = (showing.await?, booking.await?);

    println!("{PRICES} prices in {offered:?}: nobody held the sender up");
    println!("books got {booked}; the screen was shown {shown}, up to number {newest}");
    for reader in &info.readers {
        println!(
            "{:8} accepted {}, taken {}, conflated {}, missed {}, left {}",
            reader.name,
            reader.accepted,
            reader.taken,
            reader.skipped.conflated,
            reader.skipped.missed,
            reader.left
        );
        if reader.accepted != reader.taken + reader.skipped.total() + reader.left {
            return Err(format!("the account of {} does not balance", reader.name).into());
        }
    }
    if booked != PRICES
        || newest + 1 != PRICES
        || shown >= PRICES
        || offered > PERIOD * (PRICES + PRICES / 10)
    {
        return Err(format!("booked {booked}, shown {shown}, in {offered:?}").into());
    }
    Ok(())
}
