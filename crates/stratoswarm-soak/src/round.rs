use std::{
    sync::{Arc, atomic::Ordering},
    thread,
};

use anyhow::{Result, anyhow, ensure};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use stratoswarm_core::{Channel, Fabric};
use tokio::task::JoinSet;

use crate::{
    book::Book,
    part::{Numbered, Part},
};

const SENDS: u64 = 60;
const ASKS: u64 = 400;

/// Senders, members and threads on one channel, from the first message to the last; chance says how many, and how large
/// the channel is.
#[derive(Debug)]
pub(crate) struct Round {
    channel: Channel<Numbered>,
    book: Arc<Book>,
    seed: u64,
    senders: u64,
    members: u64,
    threads: u64,
}

impl Round {
    pub(crate) fn new(seed: u64) -> Result<Self> {
        let mut chance = Pcg64::seed_from_u64(seed);
        let capacity = [1, 2, 7, 64, 300][chance.random_range(0..5)];
        // Few, so that a wake that does not come is not made good by another's; or many, so that they meet.
        let (senders, threads) = [(0, 1), (0, 2), (1, 0), (1, 1), (4, 1), (16, 2)][chance.random_range(0..6)];
        let members = chance.random_range(1..6);
        let channel = Fabric::new().channel("soak").capacity(capacity).group("workers").open()?;
        let book = Book::default();
        book.busy.store((senders + threads) as usize, Ordering::Relaxed);
        Ok(Self { channel, book: Arc::new(book), seed, senders, members, threads })
    }

    pub(crate) fn channel(&self) -> &Channel<Numbered> {
        &self.channel
    }

    fn part(&self, number: u64) -> Part {
        Part {
            channel: self.channel.clone(),
            book: Arc::clone(&self.book),
            chance: Pcg64::seed_from_u64(self.seed ^ (number << 32)),
            next: number * 1_000_000,
        }
    }

    /// Ends when all parts have ended.
    pub(crate) async fn run(&self) -> Result<()> {
        let (mut tasks, mut numbers) = (JoinSet::new(), 1..);
        let mut next = || self.part(numbers.next().unwrap_or_default());
        for _ in 0..self.senders {
            tasks.spawn(next().send(SENDS));
        }
        for _ in 0..self.members {
            tasks.spawn(next().work());
        }
        let threads: Vec<_> = (0..self.threads)
            .map(|_| {
                let part = next();
                thread::spawn(move || part.ask_blocking(ASKS))
            })
            .collect();
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        for thread in threads {
            thread.join().map_err(|_| anyhow!("a thread panicked"))??;
        }
        Ok(())
    }

    /// How many operations there were, if the account agrees with what the parts saw.
    pub(crate) fn check(&self) -> Result<u64> {
        let info = self.channel.info();
        let load = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        let sent = self.book.sent_and_taken()?;
        ensure!(info.sent == sent + info.requests.asked, "sent {sent} messages: {info:#?}");
        ensure!(info.requests.asked <= load(&self.book.asked), "more requests than were made: {info:#?}");
        ensure!(
            info.requests.answered >= load(&self.book.answered),
            "more answers than were sent: {info:#?}"
        );
        let left = (info.len, info.granted, info.permits, info.blocked_senders, info.unserved);
        ensure!(left == (0, 0, 0, 0, 0), "something is left: {info:#?}");
        for reader in &info.readers {
            let known = reader.taken + reader.skipped.total() + reader.left;
            ensure!(reader.accepted == known && reader.in_flight == 0, "does not balance: {reader:#?}");
        }
        Ok(load(&self.book.operations))
    }
}
