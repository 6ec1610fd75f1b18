//! No fault breaks a guarantee: what is received is compared with what was sent, under each fault alone and under all at once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use stratoswarm_core::{AckPolicy, Channel, Delivery, Lagged, Priority, ReplyOutcome, RequestError, Settled};
use stratoswarm_test::{Faults, Kit, Seeds, ms};
use tokio::time::{Instant, timeout};

use crate::fixtures::Double;

/// How many senders there are, and how many messages each has.
const SENDERS: u64 = 3;
const EACH: u64 = 8;

/// What happened, by the word of those to whom it happened.
#[derive(Default)]
struct Book {
    /// Sends that returned success, of each sender.
    sent: BTreeMap<u64, Vec<u64>>,
    /// Requests that got their answer.
    answered: u64,
}

/// What the readers got.
struct Seen {
    read: Vec<u64>,
    by_key: Vec<u64>,
    acked: Vec<u64>,
    tapped: Vec<u64>,
    missed: u64,
}

impl Book {
    fn check(&self, seen: &Seen, accepted: u64, answered: u64, calls: usize) {
        for (sender, sent) in &self.sent {
            let of = |read: &[u64]| read.iter().copied().filter(|n| n / 1_000 == *sender).collect::<Vec<_>>();
            assert_eq!(of(&seen.read), *sent, "each message once, in its sender's order");
            assert_eq!(of(&seen.by_key), *sent, "of one key in its order");
            let mut settled = of(&seen.acked);
            settled.sort_unstable();
            assert_eq!(settled, *sent, "each is settled once");
            let tapped = of(&seen.tapped);
            assert!(tapped.is_sorted() && tapped.iter().all(|n| sent.contains(n)));
        }
        let sent: usize = self.sent.values().map(Vec::len).sum();
        assert_eq!((seen.read.len(), seen.by_key.len(), seen.acked.len()), (sent, sent, sent));
        assert_eq!(seen.tapped.len() as u64 + seen.missed, sent as u64, "received + missed = sent");
        assert_eq!(accepted, sent as u64);
        assert!(calls as u64 >= self.answered);
        assert_eq!(answered, self.answered);
    }
}

fn number(sender: u64, n: u64) -> u64 {
    sender * 1_000 + n
}

async fn sends(kit: Kit, channel: Channel<Double>, sender: u64, book: Arc<Mutex<Book>>) {
    let from =
        book.lock().unwrap().sent.get(&sender).and_then(|sent| sent.last().map(|last| last % 1_000 + 1));
    for n in from.unwrap_or(0)..EACH {
        let message = Double(number(sender, n));
        let sent = match kit.below(5) {
            0 => match channel.reserve().await {
                Ok(permit) => {
                    permit.send(message);
                    true
                }
                Err(_) => false,
            },
            1 => {
                let mut batch = vec![message];
                channel.send_many(&mut batch).await.is_ok()
            }
            2 => channel.send(message).priority(Priority::Normal).await.is_ok(),
            3 => kit.interrupt(|| channel.send(message.clone())).await.is_ok(),
            _ => channel.send(message).await.is_ok(),
        };
        if !sent {
            assert!(channel.is_closed(), "only a close refuses it");
            return;
        }
        book.lock().unwrap().sent.entry(sender).or_default().push(number(sender, n));
    }
}

async fn asks(channel: Channel<Double>, book: Arc<Mutex<Book>>) {
    for n in 0..EACH {
        let begin = Instant::now();
        let answer = channel.request(Double(n)).timeout(ms(200)).await;
        let mut book = book.lock().unwrap();
        match answer {
            Ok(doubled) => {
                assert_eq!(doubled, 2 * n);
                book.answered += 1;
            }
            Err(RequestError::Expired { .. }) => {
                assert!(begin.elapsed() >= ms(200), "never early: {:?}", begin.elapsed());
            }
            Err(RequestError::Unanswered) => {}
            Err(RequestError::Closed) => return,
            Err(other) => panic!("{other}"),
        }
    }
}

async fn keeps_its_contract(kit: Kit, faults: Faults) {
    let fabric = kit.capacities(1 + kit.below(3) as usize).everywhere(faults).fabric();
    let channel = fabric.channel::<Double>("messages").lane(Priority::Critical, 4).open().unwrap();
    let questions = fabric.channel::<Double>("questions").open().unwrap();
    let book = Arc::new(Mutex::new(Book::default()));
    let mut subscriber = channel.subscribe();
    let mut tap = channel.tap();
    let keyed = channel.group("ordered").ordered_by(|message: &Double| message.0 / 1_000).join().unwrap();
    let acked = AckPolicy::explicit().max_deliver(1_000);
    let acked = [(); 2].map(|()| channel.group("acked").ack(acked.clone()).join().unwrap());
    let fake = kit.fake("questions", |call: Delivery<Double>| async move {
        let n = call.0;
        let outcome = call.reply(2 * n);
        assert!(matches!(outcome, ReplyOutcome::Received | ReplyOutcome::TooLate(_)));
    });

    let mut tasks = Vec::new();
    for sender in 0..SENDERS {
        let (of, channel, book) = (kit.clone(), channel.clone(), Arc::clone(&book));
        let make = move || sends(of.clone(), channel.clone(), sender, Arc::clone(&book));
        tasks.push(kit.supervise(&format!("sender {sender}"), make));
    }
    let (asked, asked_book) = (questions.clone(), Arc::clone(&book));
    tasks.push(kit.spawn("asks", asks(asked, asked_book)));
    let by_key = tokio::spawn(async move {
        let (mut read, mut keyed) = (Vec::new(), keyed);
        while let Some(message) = keyed.recv().await {
            read.push(message.into_message().0);
        }
        read
    });
    let acked = acked.map(|mut reader| {
        tokio::spawn(async move {
            let mut read = Vec::new();
            while let Some(message) = reader.recv().await {
                tokio::task::yield_now().await;
                let (message, ack) = message.into_acked();
                assert_eq!(ack.ack(), Settled::Done);
                read.push(message.0);
            }
            read
        })
    });
    let tapping = tokio::spawn(async move {
        let (mut read, mut missed) = (Vec::new(), 0);
        while let Some(next) = tap.recv().await {
            match next {
                Ok(message) => read.push(message.0),
                Err(Lagged { missed: count, .. }) => missed += count,
            }
        }
        (read, missed)
    });
    let watched = kit.clone();
    let watching = kit.spawn("watches", async move {
        loop {
            watched.assert_balanced();
            tokio::time::sleep(ms(3)).await;
        }
    });
    let subscribing = tokio::spawn(async move {
        let mut read = Vec::new();
        while let Some(message) = subscriber.recv().await {
            read.push(message.0);
        }
        read
    });

    for task in tasks {
        timeout(ms(60_000), task).await.expect("everybody comes to an end").unwrap();
    }
    channel.close();
    questions.close();
    let read = subscribing.await.unwrap();
    let (tapped, missed) = tapping.await.unwrap();
    let by_key = by_key.await.unwrap();
    let mut acked_read = Vec::new();
    for task in acked {
        acked_read.extend(task.await.unwrap());
    }
    watching.abort();

    let seen = Seen { read, by_key, acked: acked_read, tapped, missed };
    book.lock().unwrap().check(&seen, channel.info().sent, questions.info().requests.answered, fake.calls());
    kit.assert_balanced();
    kit.assert_idle().await;
}

/// Under 100 seeds, or as many as `STRATOSWARM_SEEDS` says.
fn under(faults: &Faults) {
    Seeds::of("keeps_its_contract").count(100).run(|kit| keeps_its_contract(kit, faults.clone()));
}

#[test]
fn without_faults() {
    under(&Faults::new());
}

#[test]
fn with_yields() {
    under(&Faults::new().yields(4));
}

#[test]
fn with_delays() {
    under(&Faults::new().delay(ms(0)..ms(30)));
}

#[test]
fn with_slow_readers() {
    under(&Faults::new().slow_reader(ms(7)));
}

#[test]
fn with_losses() {
    under(&Faults::new().lose(0.2));
}

#[test]
fn with_late_replies() {
    under(&Faults::new().late_replies(0.2));
}

#[test]
fn with_deliveries_given_back() {
    under(&Faults::new().nak_delay(ms(5)));
}

#[test]
fn with_panics() {
    under(&Faults::new().panic_handlers(0.05).panic_tasks(0.05));
}

#[test]
fn with_tasks_that_end() {
    under(&Faults::new().abort_tasks(0.05));
}

#[test]
fn with_a_close() {
    under(&Faults::new().delay(ms(0)..ms(10)).close_at(ms(20)));
}

#[test]
fn with_all_at_once() {
    under(
        &Faults::new()
            .yields(3)
            .delay(ms(0)..ms(30))
            .slow_reader(ms(3))
            .lose(0.1)
            .late_replies(0.1)
            .nak_delay(ms(5))
            .panic_handlers(0.03)
            .panic_tasks(0.03)
            .abort_tasks(0.03),
    );
}
