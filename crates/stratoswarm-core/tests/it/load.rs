//! Under load: members and subscribers come and go, handlers are slow, the channel is closed in the middle.

use crate::{
    accounts::assert_balanced,
    fixtures::{Dice, Number, channel, turns},
};
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use stratoswarm_core::{Channel, Receiver, ReplyOutcome, RequestError};
use tokio::time::{sleep, timeout};

const SENDERS: u64 = 3;
const EACH: u64 = 10_000;

/// Sends until all are sent or the channel is closed; what was accepted.
async fn send(channel: Channel<Number>, sender: u64) -> Vec<u64> {
    let mut accepted = Vec::new();
    for number in sender * EACH..(sender + 1) * EACH {
        if channel.send(Number(number)).await.is_err() {
            break;
        }
        accepted.push(number);
        if number % 64 == 0 {
            turns(1).await;
        }
    }
    accepted
}

/// Takes at most `most` messages in one of several ways; true at the end of the channel.
async fn take_some(receiver: &mut Receiver<Number>, most: u64, taken: &mut Vec<(u64, u64)>) -> bool {
    let mut buffer = Vec::new();
    for turn in 0..most {
        if turn % 5 == 4 {
            if receiver.recv_many(&mut buffer, 7).await == 0 {
                return true;
            }
        } else {
            let Some(delivery) = receiver.recv().await else { return true };
            buffer.push(delivery);
        }
        taken.extend(buffer.drain(..).map(|delivery| (delivery.seq(), delivery.into_message().0)));
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_that_come_and_go_lose_nothing() {
    let channel = channel(50);
    let members: Vec<_> = (0..3)
        .map(|member| {
            // A receiver keeps nothing open; joining again needs a handle that does not either.
            let weak = channel.downgrade();
            let mut receiver = channel.join("workers");
            tokio::spawn(async move {
                let mut dice = Dice::new(member);
                let mut taken = Vec::new();
                while !take_some(&mut receiver, dice.up_to(40), &mut taken).await {
                    if let Some(channel) = weak.upgrade() {
                        drop(receiver);
                        turns(dice.up_to(2)).await;
                        receiver = channel.join("workers");
                    }
                }
                taken
            })
        })
        .collect();
    let senders: Vec<_> = (0..SENDERS).map(|sender| tokio::spawn(send(channel.clone(), sender))).collect();
    for sender in senders {
        assert_eq!(sender.await.unwrap().len() as u64, EACH);
    }
    drop(channel);
    let mut taken = Vec::new();
    for member in members {
        taken.extend(member.await.unwrap());
    }
    taken.sort_unstable();
    assert_eq!(taken.len() as u64, SENDERS * EACH, "lost or doubled");
    assert!(taken.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0), "one delivery for each sequence number");
    for sender in 0..SENDERS {
        let own = taken.iter().map(|(_, number)| number).filter(|number| **number / EACH == sender);
        assert!(own.is_sorted(), "sender {sender} was reordered");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_that_come_and_go_see_no_gap() {
    let channel = channel(20);
    let mut worker = channel.join("workers");
    let working = tokio::spawn(async move {
        let mut taken = 0;
        while let Some(delivery) = worker.recv().await {
            assert_eq!(delivery.into_message().0, taken);
            taken += 1;
        }
        taken
    });
    let subscribers: Vec<_> = (0..3)
        .map(|seed| {
            let weak = channel.downgrade();
            tokio::spawn(async move {
                let mut dice = Dice::new(seed);
                let mut visits = 0_u64;
                while let Some(channel) = weak.upgrade() {
                    let subscriber = channel.subscribe();
                    let mut subscriber =
                        if dice.up_to(1) == 0 { subscriber } else { subscriber.from_oldest() };
                    drop(channel);
                    let mut next = None;
                    for _ in 0..dice.up_to(60) {
                        let Some(Number(number)) = subscriber.recv().await else { break };
                        assert_eq!(number, *next.get_or_insert(number), "a gap or a repetition");
                        next = Some(number + 1);
                    }
                    visits += 1;
                    drop(subscriber);
                    turns(1).await;
                }
                visits
            })
        })
        .collect();
    assert_eq!(send(channel, 0).await.len() as u64, EACH);
    assert_eq!(working.await.unwrap(), EACH);
    for subscriber in subscribers {
        assert!(subscriber.await.unwrap() > 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_in_the_middle_loses_nothing_that_was_accepted() {
    for round in 0..20 {
        let channel = channel(8);
        let members: Vec<_> = (0..2)
            .map(|_| {
                let mut receiver = channel.join("workers");
                tokio::spawn(async move {
                    let mut taken = Vec::new();
                    while !take_some(&mut receiver, 1_000, &mut taken).await {}
                    taken
                })
            })
            .collect();
        let senders: Vec<_> =
            (0..SENDERS).map(|sender| tokio::spawn(send(channel.clone(), sender))).collect();
        while channel.info().sent < 100 + round * 50 {
            turns(1).await;
        }
        channel.close();
        let mut accepted = HashSet::new();
        for sender in senders {
            accepted.extend(sender.await.unwrap());
        }
        let mut taken = Vec::new();
        for member in members {
            taken.extend(member.await.unwrap().into_iter().map(|(_, number)| number));
        }
        assert_eq!(taken.len(), accepted.len(), "round {round}");
        assert_eq!(taken.into_iter().collect::<HashSet<_>>(), accepted, "round {round}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_reply_received_is_an_answer_and_every_request_has_one_outcome() {
    const REQUESTS: u64 = 4_000;
    let channel = channel(16);
    let received = Arc::new(AtomicU64::new(0));
    for member in 0..4 {
        let mut receiver = channel.join("workers");
        let received = Arc::clone(&received);
        tokio::spawn(async move {
            let mut dice = Dice::new(member);
            while let Some(delivery) = receiver.recv().await {
                let (number, mut responder) = delivery.into_parts();
                // A handler that stops when its caller has gone.
                if timeout(Duration::from_millis(dice.up_to(6)), responder.closed()).await.is_ok() {
                    assert!(matches!(responder.send(0), ReplyOutcome::TooLate(0)));
                } else if dice.up_to(9) > 0 && responder.send(number.0) == ReplyOutcome::Received {
                    received.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    let callers: Vec<_> = (0..20)
        .map(|seed| {
            let channel = channel.clone();
            tokio::spawn(async move {
                let mut dice = Dice::new(50 + seed);
                let (mut answered, mut unanswered, mut expired) = (0, 0, 0);
                for number in 0..REQUESTS / 20 {
                    let patience = Duration::from_millis(1 + dice.up_to(30));
                    match channel.request(Number(number)).timeout(patience).await {
                        Ok(answer) => {
                            assert_eq!(answer, number);
                            answered += 1;
                        }
                        Err(RequestError::Unanswered) => unanswered += 1,
                        Err(RequestError::Expired { waited, .. }) => {
                            assert!(waited >= patience);
                            expired += 1;
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                    sleep(Duration::from_millis(dice.up_to(2))).await;
                }
                [answered, unanswered, expired]
            })
        })
        .collect();
    let mut outcomes = [0_u64; 3];
    for caller in callers {
        for (sum, count) in outcomes.iter_mut().zip(caller.await.unwrap()) {
            *sum += count;
        }
    }
    let [answered, unanswered, expired] = outcomes;
    assert_eq!(answered + unanswered + expired, REQUESTS);
    assert_eq!(received.load(Ordering::Relaxed), answered, "each reply received is an answer");
    assert!(answered > 100 && unanswered > 100 && expired > 100, "{outcomes:?}");
    let info = channel.info();
    assert_balanced(&info);
    assert_eq!((info.requests.answered, info.requests.unanswered), (answered, unanswered));
}
