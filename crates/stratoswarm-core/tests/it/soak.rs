//! A channel under all that goes wrong at once: members, subscribers and taps that come and go, sends, receives and
//! requests that are given up, clones that panic. Every message is accounted for.
//!
//! Rounds of some hundred messages, for a second; `SOAK_SECONDS` sets for how long, `SOAK_SEED` with which round to begin.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use futures::StreamExt;
use stratoswarm_core::{Channel, ChannelInfo, Fabric, Message, ReaderInfo, ReaderKind, RequestError};
use tokio::{task::JoinSet, time::timeout};

use crate::{accounts::assert_balanced, fixtures, soak_classes};

const GROUPS: [&str; 2] = ["one", "other"];
const SENDERS: u64 = 3;
const SENDS: u64 = 120;
const COMERS: u64 = 3;

#[derive(Debug)]
struct Brittle(u64);

impl Clone for Brittle {
    fn clone(&self) -> Self {
        assert_ne!(self.0 % 13, 5, "as the test wants it");
        Self(self.0)
    }
}

impl Message for Brittle {
    type Reply = u64;
}

/// Numbers as if by chance, from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        // Marsaglia's xorshift64, from "Xorshift RNGs", Journal of Statistical Software 8 (2003).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// The output, unless it takes more polls than these.
async fn within_polls<F: Future + Unpin>(mut polls: u64, mut future: F) -> Option<F::Output> {
    poll_fn(|cx| match Pin::new(&mut future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if polls == 0 => Poll::Ready(None),
        Poll::Pending => {
            polls -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

/// What happened in one round.
#[derive(Default)]
struct Book {
    accepted: Mutex<Vec<u64>>,
    /// By group.
    got: [Mutex<Vec<u64>>; 2],
    asked: AtomicU64,
    answered: AtomicU64,
    senders: AtomicUsize,
}

async fn send(channel: Channel<Brittle>, book: Arc<Book>, sender: u64, mut chance: Chance) {
    let number = |n: u64| sender * 100_000 + n;
    let mut n = 0;
    while n < SENDS {
        let accepted: Vec<u64> = match chance.below(6) {
            0 => channel.try_send(Brittle(number(n))).is_ok().then_some(number(n)).into_iter().collect(),
            1 => {
                let sent = within_polls(chance.below(4), channel.send(Brittle(number(n)))).await;
                matches!(sent, Some(Ok(()))).then_some(number(n)).into_iter().collect()
            }
            2 => {
                let mut batch: Vec<_> = (n..n + chance.below(90)).map(|n| Brittle(number(n))).collect();
                let all: Vec<u64> = batch.iter().map(|message| message.0).collect();
                let _ = within_polls(chance.below(4), Box::pin(channel.send_many(&mut batch))).await;
                n += all.len() as u64;
                all[..all.len() - batch.len()].to_vec()
            }
            3 => match within_polls(chance.below(4), channel.reserve()).await {
                Some(Ok(permit)) if chance.below(4) > 0 => {
                    permit.send(Brittle(number(n)));
                    vec![number(n)]
                }
                _ => vec![],
            },
            4 => {
                let asking = channel.request(Brittle(number(n))).timeout(Duration::from_secs(3600));
                let outcome = within_polls(chance.below(20), asking).await;
                match outcome {
                    Some(Ok(answer)) => {
                        assert_eq!(answer, number(n) + 1);
                        book.answered.fetch_add(1, Ordering::Relaxed);
                    }
                    Some(Err(RequestError::Unanswered | RequestError::Closed)) | None => {}
                    Some(Err(error)) => panic!("{error}"),
                }
                book.asked.fetch_add(1, Ordering::Relaxed);
                vec![]
            }
            _ => {
                channel.send(Brittle(number(n))).await.unwrap();
                vec![number(n)]
            }
        };
        book.accepted.lock().unwrap().extend(accepted);
        n += 1;
    }
    book.senders.fetch_sub(1, Ordering::Release);
}

/// Joins its group again and again, and takes some messages each time; from the last time on all.
async fn work(channel: Channel<Brittle>, book: Arc<Book>, group: usize, mut chance: Chance) {
    loop {
        let last = book.senders.load(Ordering::Acquire) == 0;
        let mut member = channel.join(GROUPS[group]);
        let mut before = None;
        for _ in 0..chance.below(40) {
            let taken = match chance.below(4) {
                0 => within_polls(chance.below(3), member.recv()).await.flatten().into_iter().collect(),
                1 => within_polls(chance.below(3), member.next()).await.flatten().into_iter().collect(),
                2 => member.try_recv().into_iter().collect(),
                _ => {
                    let mut batch = Vec::new();
                    let limit = 1 + chance.below(100) as usize;
                    within_polls(chance.below(3), Box::pin(member.recv_many(&mut batch, limit))).await;
                    batch
                }
            };
            for delivery in taken {
                assert!(before < Some(delivery.seq()), "in order");
                before = Some(delivery.seq());
                let request = delivery.is_request();
                let (message, responder) = delivery.into_parts();
                if !request {
                    book.got[group].lock().unwrap().push(message.0);
                } else if message.0 % 3 > 0 {
                    responder.send(message.0 + 1);
                }
            }
        }
        drop(member);
        if last
            && channel
                .info()
                .readers
                .iter()
                .all(|reader| reader.kind != ReaderKind::Group || reader.left == 0)
        {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Subscribes again and again, reads on, and leaves.
async fn listen(channel: Channel<Brittle>, book: Arc<Book>, mut chance: Chance) {
    while book.senders.load(Ordering::Acquire) > 0 {
        let oldest = chance.below(3) == 0;
        let mut subscriber = channel.subscribe();
        if oldest {
            subscriber = subscriber.from_oldest();
        }
        let mut tap = channel.tap();
        for _ in 0..chance.below(60) {
            drop(subscriber.try_recv());
            within_polls(chance.below(2), tap.recv()).await;
            assert_balanced(&channel.info());
        }
        drop(subscriber);
        tokio::task::yield_now().await;
    }
}

/// A subscriber that is there from the beginning to the end; what it got of what was only sent.
async fn hear_all(mut subscriber: stratoswarm_core::Subscriber<Brittle>) -> Vec<u64> {
    let mut heard = Vec::new();
    while let Some(message) = subscriber.recv().await {
        heard.push(message.0);
    }
    heard
}

async fn round(seed: u64) {
    let mut chance = Chance(seed);
    let capacity = [1, 3, 64, 300][chance.below(4) as usize];
    let fabric = Fabric::new();
    let _sampling = (chance.below(2) == 0).then(|| fabric.sample_times());
    let channel: Channel<Brittle> =
        fabric.channel("soak").capacity(capacity).group(GROUPS[0]).group(GROUPS[1]).open().unwrap();
    drop(fabric);
    let book = Arc::new(Book { senders: AtomicUsize::new(SENDERS as usize), ..Book::default() });
    let hearing = tokio::spawn(hear_all(channel.subscribe()));
    let mut tasks = JoinSet::new();
    let seeds = |chance: &mut Chance| Chance(1 + chance.below(u64::MAX - 1));
    for sender in 0..SENDERS {
        tasks.spawn(send(channel.clone(), Arc::clone(&book), sender, seeds(&mut chance)));
    }
    for comer in 0..COMERS {
        let group = comer as usize % GROUPS.len();
        tasks.spawn(work(channel.clone(), Arc::clone(&book), group, seeds(&mut chance)));
        tasks.spawn(listen(channel.clone(), Arc::clone(&book), seeds(&mut chance)));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    channel.close();
    let heard = hearing.await.unwrap();
    check(&channel.info(), &book, &heard);
}

fn check(info: &ChannelInfo, book: &Book, heard: &[u64]) {
    assert_balanced(info);
    let mut accepted = book.accepted.lock().unwrap().clone();
    accepted.sort_unstable();
    let sent = accepted.len() as u64 + info.requests.asked;
    assert_eq!(info.sent, sent, "what was accepted, and nothing else");
    assert!(info.requests.asked <= book.asked.load(Ordering::Relaxed));
    assert_eq!(info.requests.answered, book.answered.load(Ordering::Relaxed));
    assert_eq!((info.len, info.granted, info.permits, info.blocked_senders, info.unserved), (0, 0, 0, 0, 0));
    let groups = info.readers.iter().filter(|reader| reader.kind == ReaderKind::Group);
    for (group, reader) in groups.enumerate() {
        let mut got = book.got[group].lock().unwrap().clone();
        got.sort_unstable();
        assert_part(&got, &accepted, reader);
        assert_eq!(reader.accepted, sent);
    }
    let mut once = heard.to_vec();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), heard.len(), "each once");
    let missing = accepted.iter().filter(|number| once.binary_search(number).is_err());
    assert!(missing.copied().all(|number| number % 13 == 5), "only what could not be cloned is missing");
}

/// Each message came once, but for those whose clone panicked.
fn assert_part(got: &[u64], accepted: &[u64], reader: &ReaderInfo) {
    let missing: Vec<_> = accepted.iter().filter(|number| got.binary_search(number).is_err()).collect();
    assert_eq!(got.len() + missing.len(), accepted.len(), "nothing twice, nothing that was given up");
    assert!(missing.iter().all(|number| **number % 13 == 5), "{missing:?}");
    assert!(missing.len() as u64 <= reader.skipped.panicked, "{reader:?}");
}

/// A number of the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

#[test]
fn every_message_is_accounted_for_whatever_goes_wrong() {
    let (seconds, mut seed) = (setting("SOAK_SECONDS", 1), setting("SOAK_SEED", 1));
    let start = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    fixtures::panics(); // those that it wants are not printed
    while start.elapsed() < Duration::from_secs(seconds) {
        let ended = runtime.block_on(async { timeout(Duration::from_secs(60), round(seed)).await });
        assert!(ended.is_ok(), "round {seed} hangs");
        seed += 1;
    }
}

#[test]
fn every_message_of_every_class_of_traffic_is_accounted_for() {
    fixtures::panics();
    let time = Duration::from_secs(setting("SOAK_SECONDS", 1));
    let (rounds, messages) = soak_classes::run(time, setting("SOAK_SEED", 1));
    assert!(rounds > 0 && messages > 0);
}
