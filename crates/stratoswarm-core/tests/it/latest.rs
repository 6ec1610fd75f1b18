//! Readers that keep the latest message of each key, and subscribers with a buffer of their own.

use std::collections::{HashMap, VecDeque};

use futures::poll;
use proptest::prelude::*;
use stratoswarm_core::{
    AckPolicy, Channel, Fabric, JoinError, Message, Priority, Receiver, RequestError, Subscriber,
};

/// A key, and how new it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Price(u32, u64);

impl Message for Price {
    type Reply = u64;

    fn priority(&self) -> Priority {
        if self.0 == 0 { Priority::Critical } else { Priority::Normal }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "what the options take")]
fn key(price: &Price) -> u32 {
    price.0
}

fn channel(capacity: usize) -> Channel<Price> {
    Fabric::new().channel("prices").capacity(capacity).open().unwrap()
}

fn screen(prices: &Channel<Price>) -> Receiver<Price> {
    prices.group("screen").latest_by(key).join().unwrap()
}

fn all(receiver: &mut Receiver<Price>) -> Vec<(u32, u64)> {
    receiver.try_iter().map(|price| (price.0, price.1)).collect()
}

/// accepted, taken, conflated and left of the first reader.
fn account(prices: &Channel<Price>) -> (u64, u64, u64, u64) {
    let info = prices.info();
    let reader = &info.readers[0];
    assert_eq!(reader.accepted, reader.taken + reader.skipped.total() + reader.left, "{reader:?}");
    (reader.accepted, reader.taken, reader.skipped.conflated, reader.left)
}

#[test]
fn of_each_key_the_newest_comes_in_the_place_of_the_oldest() {
    let prices = channel(10);
    let mut screen = screen(&prices);
    for price in [(1, 1), (2, 2), (1, 3), (3, 4), (1, 5), (2, 6)] {
        prices.try_send(Price(price.0, price.1)).unwrap();
    }
    let first = screen.try_recv().unwrap();
    assert_eq!((first.seq(), first.into_message()), (4, Price(1, 5)));
    prices.try_send(Price(1, 7)).unwrap(); // of a key of which nothing waits any more
    prices.try_send(Price(3, 8)).unwrap();
    assert_eq!(all(&mut screen), [(2, 6), (3, 8), (1, 7)]);
    assert_eq!(account(&prices), (8, 4, 4, 0));
}

#[tokio::test]
async fn it_holds_senders_back_when_as_many_keys_wait() {
    let prices = channel(3);
    let mut screen = screen(&prices);
    for number in 0..10 {
        prices.send(Price(number as u32 % 2, number)).await.unwrap();
    }
    prices.send(Price(2, 10)).await.unwrap();
    assert_eq!(prices.len(), 3);
    let mut fourth = Box::pin(prices.send(Price(3, 11)));
    assert!(poll!(&mut fourth).is_pending());
    assert!(poll!(&mut fourth).is_pending());
    let mut known = Box::pin(prices.send(Price(0, 12)));
    assert!(poll!(&mut known).is_pending(), "it waits though its key is among them");
    assert_eq!(screen.recv().await.unwrap().1, 8);
    fourth.await.unwrap();
    assert_eq!(screen.recv().await.unwrap().1, 9);
    known.await.unwrap();
    assert_eq!(all(&mut screen), [(2, 10), (3, 11), (0, 12)]);
    assert_eq!(account(&prices), (13, 5, 8, 0));
}

#[test]
fn a_subscriber_may_keep_the_latest_too_and_beside_others() {
    let prices = channel(2);
    let mut screen: Subscriber<Price> = prices.subscriber().latest_by(key).open().unwrap();
    let mut worker = prices.join("workers");
    let mut seen = Vec::new();
    for number in 0..6 {
        prices.try_send(Price(1, number)).unwrap();
        seen.push(worker.try_recv().unwrap().1);
    }
    assert_eq!(seen, [0, 1, 2, 3, 4, 5], "others get all");
    assert_eq!(screen.try_recv().unwrap(), Price(1, 5));
    assert!(screen.try_recv().is_err());
    assert_eq!(account(&prices), (6, 1, 5, 0));
}

#[tokio::test]
async fn a_request_that_is_conflated_ends_as_evicted() {
    let prices = channel(4);
    let mut screen = screen(&prices);
    let mut asking = Box::pin(prices.request(Price(1, 1)));
    assert!(poll!(&mut asking).is_pending());
    let mut newer = Box::pin(prices.request(Price(1, 2)));
    assert!(poll!(&mut newer).is_pending());
    screen.recv().await.unwrap().reply(20);
    assert_eq!((asking.await, newer.await), (Err(RequestError::Evicted), Ok(20)));
}

#[tokio::test(start_paused = true)]
async fn what_expired_is_not_handed_out_and_a_newer_one_has_its_own_time() {
    let prices = channel(4);
    let mut screen = screen(&prices);
    let second = std::time::Duration::from_secs(1);
    prices.send(Price(1, 1)).ttl(second).await.unwrap();
    prices.send(Price(2, 2)).ttl(second).await.unwrap();
    prices.send(Price(2, 3)).ttl(3 * second).await.unwrap();
    tokio::time::advance(2 * second).await;
    assert_eq!(all(&mut screen), [(2, 3)]);
    let skipped = prices.info().readers[0].skipped;
    assert_eq!((skipped.expired, skipped.conflated), (1, 1));
}

#[test]
fn lanes_have_room_of_their_own_and_the_keys_take_turns_over_all() {
    let prices =
        Fabric::new().channel::<Price>("prices").capacity(3).lane(Priority::Critical, 2).open().unwrap();
    let mut screen = screen(&prices);
    for price in [(1, 1), (2, 2), (0, 3), (1, 4), (0, 5), (2, 6), (0, 7), (3, 8)] {
        prices.try_send(Price(price.0, price.1)).unwrap();
    }
    assert!(prices.try_send(Price(4, 9)).is_err());
    prices.try_send(Price(0, 10)).unwrap();
    let mut came = all(&mut screen);
    came.sort_unstable();
    assert_eq!(came, [(0, 10), (1, 4), (2, 6), (3, 8)]);
    assert_eq!(account(&prices), (9, 4, 5, 0));
}

#[test]
fn what_it_does_not_go_with_is_refused() {
    let prices = channel(2);
    let refused = |joined: Result<Receiver<Price>, JoinError>| match joined.err() {
        Some(JoinError::Incompatible { option, .. }) => option,
        other => panic!("{other:?}"),
    };
    let latest = || prices.group("screen").latest_by(key);
    assert_eq!(refused(latest().ack(AckPolicy::explicit()).join()), "latest_by");
    assert_eq!(refused(latest().ordered_by(key).join()), "latest_by");
    assert_eq!(refused(latest().fair_by(key).join()), "latest_by");
    assert_eq!(refused(latest().drop_oldest().join()), "latest_by");
    let _fair = prices.group("fair").fair_by(key).join().unwrap();
    assert_eq!(prices.group("fair").latest_by(key).join().err(), Some(JoinError::Conflict));
}

#[test]
fn a_message_whose_key_panics_has_one_of_its_own() {
    let prices = channel(3);
    let mut screen = prices
        .group("screen")
        .latest_by(
            |price: &Price| if price.0 == 9 { std::panic::resume_unwind(Box::new(())) } else { price.0 },
        )
        .join()
        .unwrap();
    for number in 0..3 {
        prices.try_send(Price(9, number)).unwrap();
    }
    assert!(prices.try_send(Price(1, 3)).is_err());
    assert_eq!(all(&mut screen), [(9, 0), (9, 1), (9, 2)]);
}

#[tokio::test]
async fn a_waiting_member_is_handed_each_change_as_it_comes() {
    let prices = channel(2);
    let mut screen = screen(&prices);
    let watching = tokio::spawn(async move {
        let mut seen = Vec::new();
        while let Some(price) = screen.recv().await {
            seen.push(price.1);
        }
        seen
    });
    for number in 0..5 {
        prices.send(Price(1, number)).await.unwrap();
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    }
    prices.close();
    assert_eq!(watching.await.unwrap(), [0, 1, 2, 3, 4]);
}

proptest! {
    #[test]
    fn the_latest_of_each_key_against_a_map(
        capacity in 1_usize..4,
        steps in prop::collection::vec((0_u8..9, 0_u32..5), 0..100),
    ) {
        let prices = channel(capacity);
        let mut screen = screen(&prices);
        let mut other: Option<Subscriber<Price>> = None;
        let (mut order, mut newest, mut plain) = (VecDeque::new(), HashMap::new(), VecDeque::new());
        let (mut accepted, mut conflated) = (0_u64, 0_u64);
        for (number, (kind, key)) in steps.into_iter().enumerate() {
            match kind {
                0..=4 => {
                    let sent = prices.try_send(Price(key, number as u64)).is_ok();
                    // A full one may refuse a key that it has.
                    let room = plain.len() < capacity && order.len() < capacity;
                    prop_assert_eq!(sent, room);
                    if sent {
                        accepted += 1;
                        if newest.insert(key, number as u64).is_some() {
                            conflated += 1;
                        } else {
                            order.push_back(key);
                        }
                        if other.is_some() {
                            plain.push_back(number as u64);
                        }
                    }
                }
                5 | 6 => {
                    let taken = screen.try_recv().ok().map(|price| (price.0, price.1));
                    let first: Option<u32> = order.pop_front();
                    prop_assert_eq!(taken, first.map(|key| (key, newest.remove(&key).unwrap())));
                }
                7 => {
                    if let Some(other) = &mut other {
                        prop_assert_eq!(other.try_recv().ok().map(|price| price.1), plain.pop_front());
                    }
                }
                _ => {
                    plain.clear();
                    other = if other.is_some() { None } else { Some(prices.subscribe()) };
                }
            }
            let figures = account(&prices);
            prop_assert_eq!(figures.0, accepted);
            prop_assert!(figures.2 <= conflated, "what has not been looked at is not conflated yet");
        }
        let left = all(&mut screen);
        let expected: Vec<_> = order.into_iter().map(|key| (key, newest[&key])).collect();
        prop_assert_eq!(left, expected);
        prop_assert_eq!(account(&prices).2, conflated);
    }
}

// ---- a buffer of its own

#[tokio::test]
async fn a_subscriber_with_a_buffer_holds_senders_only_when_so_many_wait() {
    let prices = channel(2);
    let mut audit = prices.subscriber().buffer(5).open().unwrap();
    for number in 0..5 {
        prices.try_send(Price(1, number)).unwrap();
    }
    let mut sixth = Box::pin(prices.send(Price(1, 5)));
    assert!(poll!(&mut sixth).is_pending());
    assert!(poll!(&mut sixth).is_pending());
    assert_eq!(audit.recv().await, Some(Price(1, 0)));
    sixth.await.unwrap();
    for number in 1..6 {
        assert_eq!(audit.recv().await, Some(Price(1, number)));
    }
}

#[test]
fn a_buffer_may_be_smaller_and_others_hold_senders_by_the_capacity() {
    let prices = channel(4);
    let mut audit = prices.subscriber().buffer(2).open().unwrap();
    let mut worker = prices.join("workers");
    (0..2).for_each(|number| prices.try_send(Price(1, number)).unwrap());
    assert!(prices.try_send(Price(1, 2)).is_err());
    assert_eq!(audit.try_recv().unwrap().1, 0);
    prices.try_send(Price(1, 2)).unwrap();
    drop(audit);
    prices.try_send(Price(1, 3)).unwrap();
    assert!(prices.try_send(Price(1, 4)).is_err(), "the workers are full");
    assert_eq!(all(&mut worker).len(), 4);
}

proptest! {
    #[test]
    fn each_reader_holds_senders_by_its_own_measure(
        capacity in 1_usize..4,
        buffer in 1_usize..7,
        steps in prop::collection::vec((0_u8..4, 0_usize..4), 0..120),
    ) {
        let prices = channel(capacity);
        let mut audit = prices.subscriber().buffer(buffer).open().unwrap();
        let mut worker = prices.join("workers");
        let (mut behind, mut waiting, mut high_water) = (VecDeque::new(), VecDeque::new(), 0);
        for (number, (kind, count)) in steps.into_iter().enumerate() {
            match kind {
                0 | 1 => {
                    let sent = prices.try_send(Price(1, number as u64)).is_ok();
                    prop_assert_eq!(sent, behind.len() < buffer && waiting.len() < capacity);
                    if sent {
                        behind.push_back(number as u64);
                        waiting.push_back(number as u64);
                    }
                }
                2 => {
                    for _ in 0..count {
                        prop_assert_eq!(audit.try_recv().ok().map(|price| price.1), behind.pop_front());
                    }
                }
                _ => prop_assert_eq!(worker.try_recv().ok().map(|price| price.1), waiting.pop_front()),
            }
            high_water = high_water.max(behind.len()).max(waiting.len());
            prop_assert_eq!(prices.info().high_water, high_water, "the most that waited at once");
        }
    }
}

#[test]
fn whatever_the_lane_the_newest_of_a_key_stays_and_keys_come_in_the_order_of_their_admission() {
    /// A key, how new it is, and its class.
    #[derive(Clone, Debug)]
    struct Classed(u32, u64, Priority);
    impl Message for Classed {
        type Reply = u64;
        fn priority(&self) -> Priority {
            self.2
        }
    }
    let classes = [Priority::Normal, Priority::High];
    for lanes in [[0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1]] {
        let prices =
            Fabric::new().channel::<Classed>("prices").capacity(8).lane(Priority::High, 8).open().unwrap();
        let mut screen = prices.group("screen").latest_by(|price: &Classed| price.0).join().unwrap();
        let mut wall = prices.subscriber().latest_by(|price: &Classed| price.0).open().unwrap();
        // Of key 7 an old one, of key 8 one, of key 7 the newest.
        for (number, (key, lane)) in [7, 8, 7].into_iter().zip(lanes).enumerate() {
            prices.try_send(Classed(key, number as u64, classes[lane])).unwrap();
        }
        let on_screen: Vec<_> = screen.try_iter().map(|it| (it.0, it.1)).collect();
        let on_wall: Vec<_> = wall.try_iter().map(|it| (it.0, it.1)).collect();
        assert_eq!((&*on_screen, &*on_wall), (&[(7, 2), (8, 1)][..], &[(7, 2), (8, 1)][..]), "{lanes:?}");
        assert!(
            prices.info().readers.iter().all(|it| (it.taken, it.skipped.conflated, it.left) == (2, 1, 0))
        );
    }
}

#[tokio::test]
async fn more_places_than_a_reader_ever_has_are_refused_or_granted_when_all_are_free() {
    let prices = channel(8);
    let mut audit = prices.subscriber().buffer(2).open().unwrap();
    assert!(prices.reserve_many(3).await.is_err(), "there are never so many");
    assert!(prices.try_reserve_many(3).is_err());
    assert_eq!(prices.reserve_many(2).await.unwrap().len(), 2);
    drop(audit);
    // One who waits when such a reader comes.
    for buffers in [true, false] {
        let worker = prices.join("workers");
        (0..8).for_each(|number| prices.try_send(Price(1, number)).unwrap());
        let mut reserving = Box::pin(prices.reserve_many(3));
        assert!(poll!(&mut reserving).is_pending());
        let (kept, recorder) = if buffers {
            (Some(prices.subscriber().buffer(2).open().unwrap()), None)
        } else {
            (None, Some(prices.record().lossless(2).open().unwrap()))
        };
        audit = prices.subscribe();
        prices.remove_group("workers");
        assert_eq!(reserving.await.unwrap().len(), 3, "alone, and once");
        drop((worker, kept, recorder, audit));
    }
}
