//! Readers that come late and start from the oldest: nothing twice, nothing lost, and requests are still requests.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, channel, is_full, park, put, read_all},
};
use stratoswarm_core::{Channel, Receiver};
use tokio_test::task::{self, Spawn};

fn ask(channel: &Channel<Number>, n: u64) -> Spawn<impl Future<Output = Result<u64, impl Sized>> + '_> {
    let mut asking = task::spawn(channel.request(Number(n)));
    park(&mut asking);
    asking
}

/// The positions of what a member gets, and whether each is a request.
fn all(receiver: &mut Receiver<Number>) -> Vec<(u64, bool)> {
    let one = || receiver.try_recv().ok().map(|it| (it.seq(), it.is_request()));
    std::iter::from_fn(one).collect()
}

#[test]
fn what_another_reader_still_holds_is_there_though_an_older_message_is_alone() {
    let channel = channel(8);
    let mut worker = channel.join("a");
    let mut subscriber = channel.subscribe();
    let _asking = ask(&channel, 0);
    put(&channel, 1..=5);
    assert_eq!(subscriber.try_recv(), Ok(Number(0)));
    let mut late = channel.group("b").from_oldest().join().unwrap();
    let expected: Vec<_> = (0..=5).map(|seq| (seq, seq == 0)).collect();
    assert_eq!(all(&mut late), expected, "the worker has all of it");
    assert_eq!(all(&mut worker), expected);
    assert_eq!(read_all(&mut subscriber), [1, 2, 3, 4, 5]);
    assert_balanced(&channel.info());
}

#[test]
fn what_waits_in_a_fabric_of_readers_is_in_its_order_for_one_from_the_oldest() {
    let channel = channel(8);
    let mut worker = channel.join("a");
    let mut subscriber = channel.subscribe();
    put(&channel, 0..4);
    assert_eq!(worker.try_recv().unwrap().0, 0); // the rest of them is in its inbox
    let _asking = ask(&channel, 4); // in the intake
    let mut late = channel.group("b").from_oldest().join().unwrap();
    let mut observer = channel.subscribe().from_oldest();
    assert_eq!(all(&mut late), [(0, false), (1, false), (2, false), (3, false), (4, true)]);
    assert_eq!(read_all(&mut observer), [0, 1, 2, 3, 4]);
    assert_eq!(all(&mut worker), [(1, false), (2, false), (3, false), (4, true)]);
    assert_eq!(read_all(&mut subscriber), [0, 1, 2, 3, 4]);
    assert_balanced(&channel.info());
}

#[test]
fn requests_that_another_group_has_prefetched_are_requests() {
    let channel = channel(8);
    let mut first = channel.join("a");
    let _subscriber = channel.subscribe();
    let _asking = [ask(&channel, 0), ask(&channel, 1), ask(&channel, 2)];
    assert_eq!(first.try_recv().unwrap().0, 0);
    let mut late = channel.group("b").from_oldest().join().unwrap();
    let late = all(&mut late);
    assert_eq!(late[1..], [(1, true), (2, true)]);
    assert_eq!(all(&mut first), [(1, true), (2, true)]);
    assert_balanced(&channel.info());
}

#[test]
fn a_subscriber_after_requests_that_gave_up_their_places_is_not_further_behind_than_the_capacity() {
    let channel = channel(2);
    drop([ask(&channel, 0), ask(&channel, 1)]);
    put(&channel, [2, 3]);
    let mut subscriber = channel.subscribe();
    assert_eq!(channel.len(), 2);
    assert_balanced(&channel.info());
    assert!(is_full(&channel));
    assert_eq!(read_all(&mut subscriber), [2, 3]);
}

#[test]
fn nor_is_one_that_starts_from_the_oldest() {
    let channel = channel(2);
    let mut worker = channel.join("workers");
    drop([ask(&channel, 0), ask(&channel, 1)]);
    put(&channel, [2, 3]);
    let mut subscriber = channel.subscribe().from_oldest();
    assert_eq!(channel.len(), 2);
    assert_balanced(&channel.info());
    assert_eq!(read_all(&mut subscriber), [2, 3]);
    assert_eq!(all(&mut worker), [(2, false), (3, false)]);
    assert_eq!(channel.len(), 0);
}

#[test]
fn what_gave_up_its_place_after_a_group_had_prefetched_it_is_left_out_too() {
    let channel = channel(4);
    let _tap = channel.tap(); // keeps the messages in the log, while the requests are in the group's hands
    let mut worker = channel.join("workers");
    let asking = [ask(&channel, 0), ask(&channel, 1), ask(&channel, 2)];
    assert_eq!(worker.try_recv().unwrap().0, 0); // 1 and 2 are prefetched
    drop(asking);
    put(&channel, [3, 4]);
    let mut subscriber = channel.subscribe().from_oldest();
    assert_eq!(channel.len(), 2);
    assert_balanced(&channel.info());
    assert_eq!(read_all(&mut subscriber), [3, 4]);
}

#[test]
fn more_than_the_capacity_never_waits_for_one_from_the_oldest() {
    let channel = channel(2);
    let mut worker = channel.join("workers");
    put(&channel, [0]);
    let mut sees_all = channel.subscribe();
    drop(ask(&channel, 1));
    let mut without_the_request = channel.subscribe().from_oldest();
    assert_eq!(worker.try_recv().map(|it| it.seq()).ok(), Some(0));
    assert!(worker.try_recv().is_err(), "given up");
    put(&channel, [2]);
    assert!(is_full(&channel));
    // 0 and 2 wait for the one, 1 and 2 for the other: it begins with the oldest, and gets no more than that one has.
    let mut late = channel.subscribe().from_oldest();
    let info = channel.info();
    assert_eq!((info.len, info.high_water), (2, 2));
    assert_eq!(read_all(&mut late), [0, 2]);
    for reader in [&mut sees_all, &mut without_the_request] {
        read_all(reader);
    }
    assert_eq!(worker.try_recv().map(|it| it.seq()).ok(), Some(2));
    assert_eq!(channel.len(), 0);
    assert_balanced(&channel.info());
    put(&channel, [3, 4]);
    assert!(is_full(&channel));
}
