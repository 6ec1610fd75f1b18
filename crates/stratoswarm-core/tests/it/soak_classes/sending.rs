use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use stratoswarm_core::{Channel, Limited, Priority, RequestError};

use super::{Chance, Job, book::Book, plan::Plan, within_polls};

/// Longer than any round.
const LONG: Duration = Duration::from_secs(3600);
const CREDIT: usize = 3;

/// One sender: where it sends, and what it writes down.
pub(crate) struct Sending {
    channel: Channel<Job>,
    limited: Limited<Job>,
    book: Arc<Book>,
    plan: Arc<Plan>,
    chance: Chance,
    next: u64,
}

impl Sending {
    pub(crate) fn new(
        sender: u64,
        channel: &Channel<Job>,
        book: &Arc<Book>,
        plan: &Arc<Plan>,
        chance: Chance,
    ) -> Self {
        Self {
            channel: channel.clone(),
            limited: channel.with_credit(CREDIT),
            book: Arc::clone(book),
            plan: Arc::clone(plan),
            chance,
            next: sender * 1_000_000,
        }
    }

    fn job(&mut self) -> Job {
        self.next += 1;
        let class = self.chance.of(&[Priority::Critical, Priority::Normal, Priority::Normal, Priority::Low]);
        Job { id: self.next, class, again: false, asked: false }
    }

    fn question(&mut self) -> Job {
        self.book.asked.fetch_add(1, Ordering::Relaxed);
        Job { asked: true, ..self.job() }
    }

    /// Sends and asks, as often as stated.
    pub(crate) async fn run(mut self, times: u64) {
        for _ in 0..times {
            let polls = self.chance.below(6);
            match self.chance.below(13) {
                0 => {
                    let job = self.job();
                    let id = job.id;
                    if self.channel.try_send(job).is_ok() {
                        self.book.accepted(id);
                    }
                }
                1 => self.send_for_a_time(polls).await,
                2 => self.send_many(polls).await,
                3 => self.reserve(polls).await,
                4 => self.settled(polls).await,
                5 => self.with_credit(polls).await,
                6..=7 => self.ask(polls).await,
                8 => self.ask_all(polls).await,
                9 => self.stream(polls).await,
                _ => {
                    let job = self.job();
                    let id = job.id;
                    let sent = if self.chance.one_in(2) {
                        within_polls(polls, self.channel.send(job)).await
                    } else {
                        Some(self.channel.send(job).await)
                    };
                    if matches!(sent, Some(Ok(()))) {
                        self.book.accepted(id);
                    }
                }
            }
        }
    }

    async fn send_for_a_time(&mut self, polls: u64) {
        let job = self.job();
        let (id, ttl) = (job.id, self.chance.moment());
        self.book.timed(id);
        if let Some(Ok(())) = within_polls(polls, self.channel.send(job).ttl(ttl)).await {
            self.book.accepted(id);
        }
    }

    async fn send_many(&mut self, polls: u64) {
        let mut batch: Vec<Job> = (0..self.chance.below(20)).map(|_| self.job()).collect();
        let ids: Vec<u64> = batch.iter().map(|job| job.id).collect();
        let _ = within_polls(polls, Box::pin(self.channel.send_many(&mut batch))).await;
        ids[..ids.len() - batch.len()].iter().for_each(|id| self.book.accepted(*id));
    }

    async fn reserve(&mut self, polls: u64) {
        let class = self.chance.of(&self.plan.classes);
        let job = Job { class, ..self.job() };
        let (id, used) = (job.id, self.chance.below(4) > 0);
        let reserved = within_polls(polls, self.channel.reserve().priority(class)).await;
        if let Some(Ok(permit)) = reserved {
            tokio::task::yield_now().await;
            if used {
                permit.send(job);
                self.book.accepted(id);
            }
        }
    }

    /// Given up, nobody knows whether it was sent.
    async fn settled(&mut self, polls: u64) {
        let job = self.job();
        let id = job.id;
        let settling = self.channel.send(job).settled();
        if self.chance.one_in(3) {
            match within_polls(polls, settling).await {
                Some(Ok(_)) => self.book.accepted(id),
                Some(Err(_)) => {}
                None => self.book.perhaps(id),
            }
        } else if settling.await.is_ok() {
            self.book.accepted(id);
        }
    }

    async fn with_credit(&mut self, polls: u64) {
        for _ in 0..self.chance.below(5) {
            let job = self.job();
            let id = job.id;
            if let Some(Ok(())) = within_polls(polls, Box::pin(self.limited.send(job))).await {
                self.book.accepted(id);
            }
            assert!(self.limited.waiting() <= CREDIT, "{} wait", self.limited.waiting());
        }
    }

    /// How long a question has.
    fn patience(&mut self) -> Duration {
        if self.chance.one_in(2) { self.chance.moment() } else { LONG }
    }

    async fn ask(&mut self, polls: u64) {
        let (question, patience) = (self.question(), self.patience());
        let id = question.id;
        let asking = self.channel.request(question).timeout(patience);
        let answer =
            if self.chance.one_in(2) { within_polls(polls, asking).await } else { Some(asking.await) };
        self.judge(id, patience, answer);
    }

    async fn ask_all(&mut self, polls: u64) {
        let (question, patience) = (self.question(), self.patience());
        let id = question.id;
        let asking = self.channel.request_all(question).timeout(patience).until_deadline();
        let gathered =
            if self.chance.one_in(2) { within_polls(polls, asking).await } else { Some(asking.await) };
        match gathered {
            None => {}
            Some(Ok(gathered)) => {
                assert!(gathered.replies.iter().all(|(_, answer)| *answer == id + 1), "{gathered:?}");
            }
            Some(Err(error)) => self.judge(id, patience, Some(Err(error))),
        }
    }

    async fn stream(&mut self, polls: u64) {
        let (question, patience) = (self.question(), self.patience());
        let id = question.id;
        let mut rows = self.channel.request_stream(question).timeout(patience).buffer(2);
        for _ in 0..4 {
            let row = if self.chance.one_in(3) {
                within_polls(polls, Box::pin(rows.recv())).await
            } else {
                Some(rows.recv().await)
            };
            match row {
                Some(Some(Ok(row))) => assert_eq!(row, id + 1),
                Some(Some(Err(error))) => return self.judge(id, patience, Some(Err(error))),
                Some(None) | None => return,
            }
        }
    }

    fn judge(&self, id: u64, patience: Duration, answer: Option<Result<u64, RequestError>>) {
        match answer {
            Some(Ok(answer)) => {
                assert_eq!(answer, id + 1);
                self.book.answered.fetch_add(1, Ordering::Relaxed);
            }
            Some(Err(RequestError::Expired { .. })) => assert!(patience < LONG, "request {id}"),
            None
            | Some(Err(
                RequestError::Unanswered
                | RequestError::WrongReplyType // it got a stream
                | RequestError::DeadLettered { .. }
                | RequestError::NoQuorum { .. },
            )) => {}
            Some(Err(error)) => panic!("request {id}: {error}"),
        }
    }
}
