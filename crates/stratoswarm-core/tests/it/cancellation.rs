//! Cancellation: a dropped send is never sent, a dropped recv loses nothing, and what was granted is passed on.

use crate::fixtures::{Dice, Number, channel, is_full, park, put, ready, take, take_all, turns, woken};
use std::{
    collections::HashSet,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
};
use stratoswarm_core::Channel;
use tokio_test::task;

#[test]
fn a_dropped_send_is_never_sent() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let mut waiting = task::spawn(channel.send(Number(2)));
    park(&mut waiting);
    drop(waiting);
    assert_eq!(take_all(&mut receiver), [1]);
    let mut granted = task::spawn(channel.send(Number(3)));
    put(&channel, [4]);
    park(&mut granted);
    assert_eq!(take(&mut receiver), 4);
    assert!(granted.is_woken());
    drop(granted);
    put(&channel, [5]);
    assert_eq!(take_all(&mut receiver), [5]);
    assert_eq!(channel.info().sent, 3);
}

#[test]
fn a_send_that_was_never_polled_sends_nothing() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    drop(channel.send(Number(1)));
    drop(channel.request(Number(2)));
    drop(channel.reserve());
    assert!(receiver.try_recv().is_err());
    assert!(!is_full(&channel));
}

#[test]
fn a_dropped_recv_loses_nothing() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut subscriber = channel.subscribe();
    let mut tap = channel.tap();
    {
        let mut recv = task::spawn(receiver.recv());
        let mut read = task::spawn(subscriber.recv());
        let mut hear = task::spawn(tap.recv());
        park(&mut recv);
        park(&mut read);
        park(&mut hear);
        put(&channel, [1]);
        assert!(recv.is_woken() && read.is_woken() && hear.is_woken());
    }
    assert_eq!(take(&mut receiver), 1);
    assert_eq!(subscriber.try_recv(), Ok(Number(1)));
    assert_eq!(tap.try_recv(), Ok(Ok(Number(1))));
}

#[test]
fn a_dropped_recv_many_loses_nothing() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut buffer = Vec::new();
    {
        let mut recv = task::spawn(receiver.recv_many(&mut buffer, 3));
        park(&mut recv);
        put(&channel, [1, 2]);
        assert!(recv.is_woken());
    }
    assert!(buffer.is_empty());
    assert_eq!(ready(&mut task::spawn(receiver.recv_many(&mut buffer, 3))), 2);
}

#[test]
fn a_dropped_send_many_leaves_the_rest_with_the_caller() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    let mut batch: Vec<_> = (1..=5).map(Number).collect();
    let mut sending = task::spawn(channel.send_many(&mut batch));
    park(&mut sending);
    assert_eq!(take(&mut receiver), 1);
    drop(sending);
    let sent = 5 - batch.len() as u64;
    assert!(sent == 2 || sent == 3, "{sent}");
    assert_eq!(batch, (sent + 1..=5).map(Number).collect::<Vec<_>>());
    assert_eq!(take_all(&mut receiver), (2..=sent).collect::<Vec<_>>());
}

#[test]
fn a_granted_sender_that_is_dropped_passes_its_place_on() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [0]);
    let mut first = task::spawn(channel.send(Number(1)));
    let mut second = task::spawn(channel.send(Number(2)));
    let mut third = task::spawn(channel.send(Number(3)));
    park(&mut first);
    park(&mut second);
    park(&mut third);
    assert_eq!(take(&mut receiver), 0);
    assert!(first.is_woken() && !second.is_woken());
    drop(first);
    assert!(!third.is_woken());
    assert_eq!(woken(&mut second), Ok(()));
    assert_eq!(take(&mut receiver), 2);
    assert_eq!(woken(&mut third), Ok(()));
}

#[test]
fn a_waiting_sender_that_is_dropped_leaves_the_line() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [0]);
    let mut first = task::spawn(channel.send(Number(1)));
    let mut second = task::spawn(channel.reserve());
    let mut third = task::spawn(channel.send(Number(3)));
    park(&mut first);
    park(&mut second);
    park(&mut third);
    drop((first, second));
    assert_eq!(channel.info().blocked_senders, 1);
    assert_eq!(take(&mut receiver), 0);
    assert_eq!(woken(&mut third), Ok(()));
}

#[test]
fn the_last_waiter_that_is_dropped_frees_its_place_for_all() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [0]);
    let mut waiting = task::spawn(channel.send(Number(1)));
    park(&mut waiting);
    assert_eq!(take(&mut receiver), 0);
    assert!(is_full(&channel));
    drop(waiting);
    put(&channel, [2]);
}

#[test]
fn a_permit_dropped_unused_gives_its_place_to_the_next() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    let permit = channel.try_reserve().unwrap();
    let owned = ready(&mut task::spawn(channel.clone().reserve_owned())).unwrap();
    let mut first = task::spawn(channel.send(Number(1)));
    let mut second = task::spawn(channel.send(Number(2)));
    park(&mut first);
    park(&mut second);
    drop(permit);
    assert_eq!(woken(&mut first), Ok(()));
    assert!(!second.is_woken());
    drop(owned);
    assert_eq!(woken(&mut second), Ok(()));
    assert_eq!(take_all(&mut receiver), [1, 2]);
}

#[test]
fn a_granted_reserve_that_is_dropped_passes_its_place_on() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [0]);
    let mut reserve = task::spawn(channel.reserve());
    let mut owned = task::spawn(channel.clone().reserve_owned());
    let mut send = task::spawn(channel.send(Number(1)));
    park(&mut reserve);
    park(&mut owned);
    park(&mut send);
    assert_eq!(take(&mut receiver), 0);
    assert!(reserve.is_woken());
    drop(reserve);
    assert!(owned.is_woken() && !send.is_woken());
    drop(owned);
    assert_eq!(woken(&mut send), Ok(()));
}

#[test]
fn a_granted_batch_that_is_dropped_passes_its_place_on() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [0]);
    let mut batch = vec![Number(1), Number(2)];
    let mut sending = task::spawn(channel.send_many(&mut batch));
    let mut send = task::spawn(channel.send(Number(3)));
    park(&mut sending);
    park(&mut send);
    assert_eq!(take(&mut receiver), 0);
    assert!(sending.is_woken() && !send.is_woken());
    drop(sending);
    assert_eq!(woken(&mut send), Ok(()));
    assert_eq!(batch, [Number(1), Number(2)]);
    assert_eq!(take_all(&mut receiver), [3]);
}

#[test]
fn a_woken_member_that_is_dropped_passes_its_wake_on() {
    let channel = channel(4);
    let mut members: Vec<_> = (0..3).map(|_| channel.join("workers")).collect();
    let mut waiting: Vec<_> = members.iter_mut().map(|member| task::spawn(member.recv())).collect();
    waiting.iter_mut().for_each(park);
    put(&channel, [1]);
    for left in (1..3).rev() {
        let chosen = waiting.iter().position(|recv| recv.is_woken()).expect("somebody was woken");
        drop(waiting.remove(chosen));
        assert_eq!(waiting.len(), left);
    }
    assert_eq!(*woken(&mut waiting[0]).unwrap(), Number(1));
}

#[test]
fn a_member_that_leaves_passes_its_wake_on() {
    let channel = channel(4);
    let mut first = channel.join("workers");
    let mut second = channel.join("workers");
    let mut waiting = task::spawn(first.recv());
    let mut leaving = task::spawn(second.recv());
    // The one that leaves is the longer waiter, so that the wake is likely its own.
    park(&mut leaving);
    park(&mut waiting);
    put(&channel, [1]);
    drop(leaving);
    drop(second);
    assert_eq!(*woken(&mut waiting).unwrap(), Number(1));
}

#[test]
fn a_request_dropped_while_it_waits_for_room_is_never_sent() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let mut request = task::spawn(channel.request(Number(2)));
    let mut send = task::spawn(channel.send(Number(3)));
    park(&mut request);
    park(&mut send);
    assert_eq!(take(&mut receiver), 1);
    assert!(request.is_woken());
    drop(request);
    assert_eq!(woken(&mut send), Ok(()));
    assert_eq!(take_all(&mut receiver), [3]);
    assert_eq!(channel.info().sent, 2);
}

// ---- futures that are over and are polled again

/// What a future does that is polled after it was ready, if it does not wait: it panics.
#[track_caller]
fn poll_again<F: Future>(done: &mut task::Spawn<F>) {
    for _ in 0..3 {
        if let Ok(polled) = catch_unwind(AssertUnwindSafe(|| done.poll())) {
            assert!(polled.is_pending(), "ready for a second time");
        }
    }
}

#[test]
fn a_finished_send_that_is_polled_again_takes_nobodys_place() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    let mut done = task::spawn(channel.send(Number(0)));
    assert_eq!(ready(&mut done), Ok(()));
    poll_again(&mut done);
    assert_eq!(channel.info().blocked_senders, 0);
    let mut first = task::spawn(channel.send(Number(1)));
    let mut second = task::spawn(channel.send(Number(2)));
    park(&mut first);
    poll_again(&mut done);
    park(&mut second);
    assert_eq!(channel.info().blocked_senders, 2);
    assert_eq!(take(&mut receiver), 0);
    poll_again(&mut done);
    assert!(first.is_woken() && !second.is_woken());
    assert_eq!(ready(&mut first), Ok(()));
    poll_again(&mut done);
    poll_again(&mut first);
    drop((done, first));
    assert_eq!(take(&mut receiver), 1);
    assert_eq!(woken(&mut second), Ok(()));
    assert_eq!(take_all(&mut receiver), [2]);
    let info = channel.info();
    assert_eq!((info.sent, info.blocked_senders, info.granted), (3, 0, 0));
}

#[test]
fn a_finished_reserve_that_is_polled_again_gives_no_second_permit() {
    let channel = channel(3);
    let _idle = channel.join("workers");
    let mut done = task::spawn(channel.reserve());
    let permit = ready(&mut done).unwrap();
    let mut owned = task::spawn(channel.clone().reserve_owned());
    let owned_permit = ready(&mut owned).unwrap();
    poll_again(&mut done);
    poll_again(&mut owned);
    assert_eq!(channel.info().permits, 2);
    put(&channel, [1]);
    poll_again(&mut done);
    poll_again(&mut owned);
    drop((done, owned));
    let info = channel.info();
    assert_eq!((info.permits, info.granted, info.blocked_senders), (2, 0, 0));
    permit.send(Number(2));
    drop(owned_permit);
    put(&channel, [3]);
    assert!(is_full(&channel));
}

#[test]
fn a_finished_request_that_is_polled_again_asks_nobody() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    let mut done = task::spawn(channel.request(Number(1)));
    park(&mut done);
    receiver.try_recv().unwrap().into_parts().1.send(7);
    assert_eq!(woken(&mut done), Ok(7));
    poll_again(&mut done);
    put(&channel, [2, 3]);
    let mut waiting = task::spawn(channel.send(Number(4)));
    park(&mut waiting);
    poll_again(&mut done);
    assert_eq!(channel.info().blocked_senders, 1);
    drop(done);
    assert_eq!(take(&mut receiver), 2);
    assert_eq!(woken(&mut waiting), Ok(()));
    assert_eq!(take_all(&mut receiver), [3, 4]);
    let requests = channel.info().requests;
    assert_eq!((requests.asked, requests.answered, requests.abandoned), (1, 1, 0));
}

#[test]
fn a_finished_batch_that_is_polled_again_sends_nothing() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    let mut batch = vec![Number(1)];
    let mut done = task::spawn(channel.send_many(&mut batch));
    assert_eq!(ready(&mut done), Ok(()));
    let mut waiting = task::spawn(channel.send(Number(2)));
    park(&mut waiting);
    poll_again(&mut done);
    assert_eq!(channel.info().blocked_senders, 1);
    assert_eq!(take(&mut receiver), 1);
    poll_again(&mut done);
    assert_eq!(woken(&mut waiting), Ok(()));
    assert_eq!(take_all(&mut receiver), [2]);
}

#[test]
fn a_finished_recv_that_is_polled_again_takes_nothing_and_waits_for_nothing() {
    let channel = channel(4);
    let (mut first, mut second) = (channel.join("workers"), channel.join("workers"));
    let (mut subscriber, mut tap) = (channel.subscribe(), channel.tap());
    put(&channel, [1]);
    let mut buffer = Vec::new();
    let mut recv = task::spawn(first.recv());
    let mut read = task::spawn(subscriber.recv());
    let mut hear = task::spawn(tap.recv());
    assert_eq!(*ready(&mut recv).unwrap(), Number(1));
    assert_eq!(ready(&mut read), Some(Number(1)));
    assert_eq!(ready(&mut hear), Some(Ok(Number(1))));
    poll_again(&mut recv);
    poll_again(&mut read);
    poll_again(&mut hear);
    let mut other = task::spawn(second.recv());
    park(&mut other);
    put(&channel, [2]);
    poll_again(&mut recv);
    poll_again(&mut read);
    poll_again(&mut hear);
    assert_eq!(*woken(&mut other).unwrap(), Number(2));
    drop((recv, read, hear, other));
    assert_eq!(subscriber.try_recv(), Ok(Number(2)));
    assert_eq!(tap.try_recv(), Ok(Ok(Number(2))));

    put(&channel, [3]);
    let mut many = task::spawn(first.recv_many(&mut buffer, 2));
    assert_eq!(ready(&mut many), 1);
    let mut other = task::spawn(second.recv());
    park(&mut other);
    poll_again(&mut many);
    put(&channel, [4]);
    poll_again(&mut many);
    assert_eq!(*woken(&mut other).unwrap(), Number(4));
    drop(many);
    assert_eq!(buffer.len(), 1);
}

#[test]
fn a_finished_wait_for_the_close_that_is_polled_again_is_over() {
    let channel = channel(1);
    let mut done = task::spawn(channel.closed());
    let mut waiting = task::spawn(channel.closed());
    park(&mut done);
    park(&mut waiting);
    channel.close();
    woken(&mut done);
    for _ in 0..3 {
        // Ready, waiting or a panic: it does no harm.
        drop(catch_unwind(AssertUnwindSafe(|| done.poll())));
    }
    woken(&mut waiting);
}

// ---- under load

const SENDERS: u64 = 4;
const EACH: u64 = 50_000;
const STRIDE: u64 = 1 << 40;

/// Sends until `EACH` were accepted, giving up at random; the ids of those that were.
async fn send_impatiently(channel: Channel<Number>, sender: u64) -> Vec<u64> {
    let mut dice = Dice::new(sender + 1);
    let mut accepted = Vec::new();
    let mut id = sender * STRIDE;
    while (accepted.len() as u64) < EACH {
        let patience = dice.up_to(3);
        tokio::select! {
            biased;
            sent = channel.send(Number(id)) => {
                sent.unwrap();
                accepted.push(id);
            }
            () = turns(patience) => {}
        }
        id += 1;
    }
    accepted
}

async fn nothing_is_lost_or_invented() {
    let channel = channel(4);
    let members: Vec<_> = (0..2)
        .map(|member| {
            let mut receiver = channel.join("workers");
            tokio::spawn(async move {
                let mut dice = Dice::new(100 + member);
                let mut taken = Vec::new();
                loop {
                    let patience = dice.up_to(3);
                    tokio::select! {
                        biased;
                        delivery = receiver.recv() => match delivery {
                            Some(delivery) => taken.push((delivery.seq(), delivery.into_message().0)),
                            None => break taken,
                        },
                        () = turns(patience) => {}
                    }
                }
            })
        })
        .collect();
    let mut subscriber = channel.subscribe();
    let observer = tokio::spawn(async move {
        let mut dice = Dice::new(200);
        let mut seen = Vec::new();
        loop {
            let patience = dice.up_to(3);
            tokio::select! {
                biased;
                number = subscriber.recv() => match number {
                    Some(number) => seen.push(number.0),
                    None => break seen,
                },
                () = turns(patience) => {}
            }
        }
    });
    let senders: Vec<_> =
        (0..SENDERS).map(|sender| tokio::spawn(send_impatiently(channel.clone(), sender))).collect();
    drop(channel);

    let mut accepted = Vec::new();
    for sender in senders {
        accepted.push(sender.await.unwrap());
    }
    let mut by_seq = Vec::new();
    for member in members {
        by_seq.extend(member.await.unwrap());
    }
    by_seq.sort_unstable();
    let taken: Vec<_> = by_seq.into_iter().map(|(_, id)| id).collect();
    let seen = observer.await.unwrap();

    let expected: HashSet<_> = accepted.iter().flatten().copied().collect();
    assert_eq!(expected.len() as u64, SENDERS * EACH);
    for (reader, got) in [("workers", &taken), ("observer", &seen)] {
        let set: HashSet<_> = got.iter().copied().collect();
        let lost = expected.difference(&set).count();
        let phantom = set.difference(&expected).count();
        let twice = got.len() - set.len();
        assert_eq!((lost, phantom, twice), (0, 0, 0), "{reader}: lost, phantom, twice");
        for (sender, own) in accepted.iter().enumerate() {
            let order: Vec<_> = got.iter().copied().filter(|id| id / STRIDE == sender as u64).collect();
            assert!(order == *own, "{reader}: sender {sender} was reordered");
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_or_invented_under_load_on_one_thread() {
    nothing_is_lost_or_invented().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_invented_under_load_on_several_threads() {
    nothing_is_lost_or_invented().await;
}

// ---- futures that know their end

#[test]
fn futures_say_that_they_are_over() {
    use futures::future::FusedFuture;

    let channel = channel(1);
    let mut sending = task::spawn(channel.send(Number(0)));
    assert!(!sending.is_terminated());
    ready(&mut sending).unwrap();
    assert!(sending.is_terminated());
    let mut worker = channel.join("workers");
    let mut receiving = task::spawn(worker.recv());
    assert!(!receiving.is_terminated());
    drop(ready(&mut receiving));
    assert!(receiving.is_terminated());
    drop(receiving);
    let mut reserving = task::spawn(channel.reserve());
    let permit = ready(&mut reserving).unwrap();
    assert!(reserving.is_terminated());
    drop((permit, worker));
    channel.remove_group("workers");
    let mut asking = task::spawn(channel.try_request(Number(0)));
    assert!(!asking.is_terminated());
    ready(&mut asking).unwrap_err();
    assert!(asking.is_terminated());
}
