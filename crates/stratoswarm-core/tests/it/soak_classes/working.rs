use std::sync::Arc;

use stratoswarm_core::{
    AckPolicy, Channel, DeadLetter, Delivery, Mux, Priority, ReaderKind, Receiver, Settled, patterns::serve,
};
use tokio::{task::yield_now, time::sleep};

use super::{
    Chance, Job, WANTED,
    book::Book,
    plan::{ACKED, PLAIN, Plan, VISITORS},
    within_polls,
};

/// One that takes messages and does all sorts of things with them.
pub(crate) struct Worker {
    channel: Channel<Job>,
    dead: Channel<DeadLetter<Job>>,
    book: Arc<Book>,
    plan: Arc<Plan>,
    chance: Chance,
}

impl Worker {
    pub(crate) fn new(
        channel: &Channel<Job>,
        dead: &Channel<DeadLetter<Job>>,
        book: &Arc<Book>,
        plan: &Arc<Plan>,
        chance: Chance,
    ) -> Self {
        Self {
            channel: channel.clone(),
            dead: dead.clone(),
            book: Arc::clone(book),
            plan: Arc::clone(plan),
            chance,
        }
    }

    fn join(&self, group: &str) -> Receiver<Job> {
        self.plan.join(&self.channel, &self.dead, group)
    }

    /// Joins its group again and again, until there is nothing more.
    pub(crate) async fn work(mut self, group: &'static str) {
        while !self.is_over() {
            let mut member = self.join(group);
            for _ in 0..self.chance.below(60) {
                let polls = self.chance.below(4);
                let taken: Vec<Delivery<Job>> = match self.chance.below(4) {
                    0 => member.try_recv().into_iter().collect(),
                    1 => {
                        let mut batch = Vec::new();
                        let limit = 1 + self.chance.below(8) as usize;
                        within_polls(polls, Box::pin(member.recv_many(&mut batch, limit))).await;
                        batch
                    }
                    2 => {
                        let patience = self.chance.moment();
                        member.recv_timeout(patience).await.into_iter().collect()
                    }
                    _ => within_polls(polls, member.recv()).await.flatten().into_iter().collect(),
                };
                for delivery in &taken {
                    self.book.take(group, delivery, delivery.seq(), &self.plan);
                }
                for delivery in taken {
                    self.handle(group, delivery).await;
                }
            }
            drop(member);
            yield_now().await;
        }
    }

    fn is_over(&self) -> bool {
        let rests = |name: &str, info: &stratoswarm_core::ChannelInfo| {
            info.readers.iter().all(|it| it.kind != ReaderKind::Group || it.name != name || it.left == 0)
        };
        self.channel.is_closed() && {
            let info = self.channel.info();
            rests(ACKED, &info) && rests(PLAIN, &info)
        }
    }

    /// The same through one mux over both groups.
    pub(crate) async fn merge(mut self) {
        while !self.is_over() {
            let classes = [Priority::Critical, Priority::Normal];
            let (first, second) = (self.chance.of(&classes), self.chance.of(&classes));
            let mut mux = Mux::new()
                .max_bypass(1 + self.chance.below(3) as u32)
                .add(self.join(ACKED), first, |delivery| (ACKED, delivery))
                .add(self.join(PLAIN), second, |delivery| (PLAIN, delivery));
            for _ in 0..self.chance.below(40) {
                let polls = self.chance.below(4);
                let taken = match self.chance.below(3) {
                    0 => mux.try_recv().ok(),
                    _ => within_polls(polls, mux.recv()).await.flatten(),
                };
                if let Some((group, delivery)) = taken {
                    self.book.take(group, &delivery, delivery.seq(), &self.plan);
                    self.handle(group, delivery).await;
                }
            }
            drop(mux);
            yield_now().await;
        }
    }

    async fn handle(&mut self, group: &'static str, delivery: Delivery<Job>) {
        if delivery.is_request() {
            self.answer(group, delivery).await;
        } else if group == PLAIN {
            let id = delivery.id;
            if !delivery.asked {
                self.book.got(id);
            }
            if self.chance.one_in(8) {
                yield_now().await;
            }
            self.book.leave(group, id, &self.plan);
            if self.chance.one_in(2) {
                delivery.into_message();
            }
        } else {
            self.settle(delivery).await;
        }
    }

    async fn answer(&mut self, group: &str, delivery: Delivery<Job>) {
        let id = delivery.id;
        match self.chance.below(5) {
            0 => {
                self.book.leave(group, id, &self.plan);
                drop(delivery);
            }
            1 => {
                let (_, reply) = delivery.into_parts();
                yield_now().await;
                self.book.leave(group, id, &self.plan);
                reply.send(id + 1);
            }
            2 => {
                let (_, reply) = delivery.into_parts();
                let mut rows = reply.into_stream();
                self.book.leave(group, id, &self.plan); // its first row settles it
                for _ in 0..self.chance.below(4) {
                    let polls = self.chance.below(3);
                    let _ = within_polls(polls, Box::pin(rows.send(id + 1))).await;
                }
            }
            3 => {
                self.book.leave(group, id, &self.plan);
                delivery.into_acked().1.ack();
            }
            _ => {
                self.book.leave(group, id, &self.plan);
                delivery.reply(id + 1);
            }
        }
    }

    async fn settle(&mut self, delivery: Delivery<Job>) {
        let (id, asked) = (delivery.id, delivery.asked);
        let leave = |this: &Self| this.book.leave(ACKED, id, &this.plan);
        match self.chance.below(12) {
            0 => {
                leave(self);
                drop(delivery);
            }
            1 => {
                leave(self);
                delivery.into_acked().1.nak();
            }
            2 => {
                leave(self);
                delivery.into_acked().1.nak_after(self.chance.moment());
            }
            3 => {
                leave(self);
                delivery.into_acked().1.term("spoilt");
            }
            4 => self.panic_with(delivery),
            5 if self.plan.ack_wait.is_none() && !asked => {
                leave(self);
                self.book.done(id);
                delivery.into_message();
            }
            how => {
                let (_, ack) = delivery.into_acked();
                match how {
                    6 => sleep(self.chance.moment()).await,
                    7 => {
                        yield_now().await;
                        ack.in_progress();
                        yield_now().await;
                    }
                    _ => {}
                }
                leave(self);
                if ack.ack() == Settled::Done && !asked {
                    self.book.done(id);
                }
            }
        }
    }

    /// Whoever handles it panics, some time.
    fn panic_with(&mut self, delivery: Delivery<Job>) {
        let (book, plan, turns) = (Arc::clone(&self.book), Arc::clone(&self.plan), self.chance.below(4));
        book.begin_task();
        drop(tokio::spawn(async move {
            for _ in 0..turns {
                yield_now().await;
            }
            book.leave(ACKED, delivery.id, &plan);
            let _end = End(book);
            let _delivery = delivery;
            panic!("{WANTED}");
        }));
    }

    /// Joins a group that goes with its last member, or is removed; serves there for a while, or leaves with work in hand.
    pub(crate) async fn visit(mut self) {
        while !self.is_over() {
            let policy = AckPolicy::explicit().max_in_flight(4);
            let member = self.channel.group(VISITORS).ack(policy).ephemeral().join();
            let mut member = member.expect("always the same");
            if self.chance.one_in(2) {
                let turns = self.chance.below(3);
                let serving = serve(member, 2, move |delivery: Delivery<Job>| async move {
                    for _ in 0..turns {
                        yield_now().await;
                    }
                    assert!(!delivery.id.is_multiple_of(7), "{WANTED}");
                });
                let _ = within_polls(self.chance.below(60), Box::pin(serving)).await;
            } else {
                let mut held = Vec::new();
                for _ in 0..self.chance.below(8) {
                    held.extend(within_polls(2, member.recv()).await.flatten());
                }
                let delivery = held.pop();
                drop(member);
                drop(held);
                if let Some(delivery) = delivery {
                    delivery.into_acked().1.ack();
                }
            }
            yield_now().await;
        }
    }
}

/// A task ends: after it has dropped what it had.
struct End(Arc<Book>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.end_task();
    }
}
