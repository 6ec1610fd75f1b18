//! What a subscriber of a broadcast misses, what it is told of it, and how much is left.

use crate::{
    fixtures::Dice,
    terms::{heard, hears_nothing, missed, recv_lossy, send_all},
};
use stratoswarm_core::{Fabric, LossySubscriber, OpenError, broadcast};

// ---- what is missed

#[test]
fn the_capacity_is_exact_and_never_rounded_up() {
    let opened = Fabric::new().broadcast::<u32>("none").capacity(0).open();
    assert_eq!(opened.err(), Some(OpenError::ZeroCapacity));
    assert_eq!(broadcast::<u32>(0).capacity(), 1);
    assert_eq!(broadcast::<u32>(usize::MAX).capacity(), usize::MAX);

    let news = broadcast(3);
    assert_eq!(news.capacity(), 3);
    let mut subscriber = news.subscribe();
    send_all(&news, 1..=4);
    assert_eq!(missed(&mut subscriber), 1);
    assert_eq!([2, 3, 4].map(|_| heard(&mut subscriber)), [2, 3, 4]);
    assert!(hears_nothing(&mut subscriber));
}

#[test]
fn up_to_the_capacity_nothing_is_missed() {
    let news = broadcast(2);
    let (mut slow, mut quick) = (news.subscribe(), news.subscribe());
    for round in 0..3 {
        send_all(&news, [round, round + 10]);
        for subscriber in [&mut quick, &mut slow] {
            assert_eq!((heard(subscriber), heard(subscriber)), (round, round + 10));
            assert!(hears_nothing(subscriber));
        }
    }
}

#[test]
fn who_lags_is_told_exactly_how_much_and_goes_on_with_the_oldest_kept() {
    let news = broadcast(4);
    let mut subscriber = news.subscribe();
    send_all(&news, 1..=4);
    assert_eq!(heard(&mut subscriber), 1);
    send_all(&news, 5..=8);
    assert_eq!(missed(&mut subscriber), 3);
    assert_eq!([5, 6, 7, 8].map(|_| heard(&mut subscriber)), [5, 6, 7, 8]);
    assert!(hears_nothing(&mut subscriber));
}

#[tokio::test]
async fn a_subscriber_that_waits_is_told_of_the_gap_as_one_that_tries() {
    let news = broadcast(2);
    let mut subscriber = news.subscribe();
    send_all(&news, [10, 20, 30]);
    assert_eq!(recv_lossy(&mut subscriber).await, Some(Err(1)));
    assert_eq!(recv_lossy(&mut subscriber).await, Some(Ok(20)));
    assert_eq!(recv_lossy(&mut subscriber).await, Some(Ok(30)));
}

#[test]
fn each_gap_counts_anew_whether_or_not_the_reader_has_caught_up_between() {
    let news = broadcast(2);
    let mut subscriber = news.subscribe();
    send_all(&news, 1..=3);
    assert_eq!(missed(&mut subscriber), 1);
    assert_eq!((heard(&mut subscriber), heard(&mut subscriber)), (2, 3));
    assert!(hears_nothing(&mut subscriber));

    send_all(&news, 4..=6);
    assert_eq!(missed(&mut subscriber), 1);
    send_all(&news, 7..=9); // before it has read one of those it still had
    assert_eq!(missed(&mut subscriber), 3);
    assert_eq!((heard(&mut subscriber), heard(&mut subscriber)), (8, 9));
    assert!(hears_nothing(&mut subscriber));

    send_all(&news, 10..=12);
    assert_eq!(missed(&mut subscriber), 1);
    send_all(&news, [13]);
    assert_eq!(missed(&mut subscriber), 1);
}

#[test]
fn who_keeps_up_misses_nothing_beside_one_that_lags() {
    let news = broadcast(2);
    let (mut slow, mut quick) = (news.subscribe(), news.subscribe());
    for n in 1..=4 {
        send_all(&news, [n]);
        assert_eq!(heard(&mut quick), n);
    }
    assert_eq!(missed(&mut slow), 2);
    assert_eq!((heard(&mut slow), heard(&mut slow)), (3, 4));
    assert!(hears_nothing(&mut slow) && hears_nothing(&mut quick));
}

#[test]
fn with_one_place_the_newest_is_kept() {
    let news = broadcast(1);
    let mut subscriber = news.subscribe();
    send_all(&news, [1]);
    assert_eq!(heard(&mut subscriber), 1);
    assert!(hears_nothing(&mut subscriber));
    send_all(&news, [2, 3]);
    assert_eq!(missed(&mut subscriber), 1);
    assert_eq!(heard(&mut subscriber), 3);
    assert!(hears_nothing(&mut subscriber));
}

// ---- lengths

#[test]
fn the_length_of_a_subscriber_is_what_it_can_still_hear_without_what_it_missed() {
    let news = broadcast(2);
    let mut subscriber = news.subscribe();
    send_all(&news, 1..=4);
    assert_eq!(subscriber.len(), 2);
    assert_eq!(missed(&mut subscriber), 2);
    for left in [2, 1] {
        assert_eq!(subscriber.len(), left);
        heard(&mut subscriber);
    }
    assert_eq!(subscriber.len(), 0);
}

#[test]
fn the_length_of_a_broadcast_is_that_of_the_slowest_subscriber() {
    let news = broadcast(4);
    let (mut first, mut second) = (news.subscribe(), news.subscribe());
    assert!(news.is_empty());
    send_all(&news, 1..=3);
    assert_eq!((news.len(), news.is_empty()), (3, false));
    heard(&mut first);
    heard(&mut first);
    assert_eq!(news.len(), 3);
    heard(&mut second);
    assert_eq!(news.len(), 2);
    send_all(&news, 4..=6);
    assert_eq!(news.len(), 4, "the capacity at most");
}

#[test]
fn the_length_of_a_broadcast_is_that_of_the_slowest_whatever_the_order_of_calls() {
    for seed in 1..=20 {
        let news = broadcast(16);
        let mut subscribers = [news.subscribe(), news.subscribe()];
        let mut dice = Dice::new(seed);
        for step in 0..200 {
            match dice.up_to(3) {
                which @ (0 | 1) => drop(subscribers[usize::from(which == 1)].try_recv()),
                _ => send_all(&news, [step]),
            }
            let slowest = subscribers.iter().map(LossySubscriber::len).max();
            assert_eq!(Some(news.len()), slowest, "seed {seed}, step {step}");
        }
    }
}
