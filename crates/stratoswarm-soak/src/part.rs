use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::{Result, bail, ensure};
use rand::RngExt;
use rand_pcg::Pcg64;
use stratoswarm_core::{Channel, Message, Receiver, RequestError, error::SendTimeoutError};
use tokio::time::timeout;

use crate::book::Book;

/// A message with its number; a request is answered with the next one. Those that are to be kept are answered by nobody
/// before their callers have given up.
#[derive(Debug, Clone)]
pub(crate) struct Numbered(u64, Keep);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    No,
    Yes,
}

impl Message for Numbered {
    type Reply = u64;
}

/// One task or thread of a round: where it sends and reads, what it writes down, and its chance.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) channel: Channel<Numbered>,
    pub(crate) book: Arc<Book>,
    pub(crate) chance: Pcg64,
    /// The next message's number.
    pub(crate) next: u64,
}

impl Part {
    /// Some microseconds, which is about as long as what is given up takes.
    fn moment(&mut self) -> Duration {
        Duration::from_micros(self.chance.random_range(0..400))
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn batch(&mut self) -> Vec<Numbered> {
        (0..self.chance.random_range(1..60)).map(|_| Numbered(self.number(), Keep::No)).collect()
    }

    /// Sends and asks, as often as stated.
    pub(crate) async fn send(mut self, times: u64) -> Result<()> {
        for _ in 0..times {
            match self.chance.random_range(0..7) {
                0 => self.send_with_timeout().await,
                1 => self.send_batch().await,
                2 => self.reserve().await,
                3 => self.reserve_many().await,
                4 => {
                    let number = self.number();
                    if self.channel.try_send(Numbered(number, Keep::No)).is_ok() {
                        self.book.sent([number]);
                    }
                }
                _ => self.ask().await?,
            }
            self.book.operations.fetch_add(1, Ordering::Relaxed);
        }
        self.book.busy.fetch_sub(1, Ordering::Release);
        Ok(())
    }

    async fn send_with_timeout(&mut self) {
        let (number, moment) = (self.number(), self.moment());
        match self.channel.send_timeout(Numbered(number, Keep::No), moment).await {
            Ok(()) => self.book.sent([number]),
            Err(SendTimeoutError::Timeout(_) | SendTimeoutError::Closed(_)) => {}
        }
    }

    async fn send_batch(&mut self) {
        let mut batch = self.batch();
        let all: Vec<u64> = batch.iter().map(|message| message.0).collect();
        let moment = self.moment();
        let _ = timeout(moment, self.channel.send_many(&mut batch)).await;
        self.book.sent(all[..all.len() - batch.len()].iter().copied());
    }

    async fn reserve(&mut self) {
        let moment = self.moment();
        let kept = self.chance.random_ratio(1, 4);
        let number = self.number();
        if let Ok(Ok(permit)) = timeout(moment, self.channel.reserve()).await {
            if kept {
                tokio::task::yield_now().await;
            } else {
                permit.send(Numbered(number, Keep::No));
                self.book.sent([number]);
            }
        }
    }

    async fn reserve_many(&mut self) {
        let moment = self.moment();
        let places = self.chance.random_range(1..=self.channel.capacity().min(8));
        let used = self.chance.random_range(0..=places);
        let numbers: Vec<u64> = (0..used).map(|_| self.number()).collect();
        if let Ok(Ok(permits)) = timeout(moment, self.channel.reserve_many(places)).await {
            for (permit, number) in permits.zip(numbers) {
                permit.send(Numbered(number, Keep::No));
                self.book.sent([number]);
            }
        }
    }

    async fn ask(&mut self) -> Result<()> {
        let number = self.number();
        let (deadline, keep) = self.deadline();
        let patience = self.chance.random_ratio(1, 4).then(|| self.moment());
        let asking = self.channel.request(Numbered(number, keep)).timeout(deadline);
        self.book.asked.fetch_add(1, Ordering::Relaxed);
        let outcome = if let Some(moment) = patience {
            let Ok(outcome) = timeout(moment, asking).await else { return Ok(()) };
            outcome
        } else {
            asking.await
        };
        self.judge(number, deadline, outcome)
    }

    /// Asks from a plain thread, without any runtime.
    pub(crate) fn ask_blocking(mut self, times: u64) -> Result<()> {
        for _ in 0..times {
            let (number, (deadline, keep)) = (self.number(), self.deadline());
            self.book.asked.fetch_add(1, Ordering::Relaxed);
            let outcome = self.channel.request(Numbered(number, keep)).timeout(deadline).blocking();
            self.judge(number, deadline, outcome)?;
            self.book.operations.fetch_add(1, Ordering::Relaxed);
        }
        self.book.busy.fetch_sub(1, Ordering::Release);
        Ok(())
    }

    /// How long a request has, and whether it is to be kept, which only those are that end soon by themselves.
    fn deadline(&mut self) -> (Duration, Keep) {
        match self.chance.random_range(0..6) {
            0..2 => (Duration::from_secs(20), Keep::No),
            2 => (self.moment(), Keep::Yes),
            _ => (self.moment(), Keep::No),
        }
    }

    fn judge(&self, number: u64, deadline: Duration, outcome: Result<u64, RequestError>) -> Result<()> {
        match outcome {
            Ok(answer) => {
                ensure!(answer == number + 1, "request {number} was answered with {answer}");
                self.book.answered.fetch_add(1, Ordering::Relaxed);
            }
            Err(RequestError::Unanswered) => {}
            Err(RequestError::Expired { .. }) if deadline < Duration::from_secs(1) => {}
            Err(error) => bail!("request {number}, {deadline:?}: {error}"),
        }
        Ok(())
    }

    /// Joins and leaves again and again, gives up some receives, and leaves some requests unanswered.
    pub(crate) async fn work(mut self) -> Result<()> {
        while !self.is_over() {
            let mut member = self.channel.join("workers");
            for _ in 0..self.chance.random_range(1..400) {
                if self.is_over() {
                    break;
                }
                self.take(&mut member).await;
            }
            drop(member);
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.book.busy.load(Ordering::Acquire) == 0 && self.channel.is_empty()
    }

    async fn take(&mut self, member: &mut Receiver<Numbered>) {
        let moment = self.moment();
        let deliveries = match self.chance.random_range(0..3) {
            0 => member.recv_timeout(moment).await.ok().into_iter().collect(),
            1 => timeout(moment, member.recv()).await.ok().flatten().into_iter().collect(),
            _ => {
                let mut batch = Vec::new();
                let limit = self.chance.random_range(1..100);
                let _ = timeout(moment, member.recv_many(&mut batch, limit)).await;
                batch
            }
        };
        for delivery in deliveries {
            let request = delivery.is_request();
            let (Numbered(number, keep), mut responder) = delivery.into_parts();
            if !request {
                self.book.taken(number);
            } else if keep == Keep::Yes {
                responder.closed().await;
            } else if number % 5 > 0 {
                responder.send(number + 1);
            }
        }
    }
}
