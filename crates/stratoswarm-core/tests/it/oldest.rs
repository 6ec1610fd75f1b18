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
fn a_request_that_waited_for_a_group_comes_once_and_in_its_place() {
    let channel = channel(8);
    let _subscriber = channel.subscribe();
    let _asking = ask(&channel, 1);
    put(&channel, [2]);
    let mut late = channel.group("late").from_oldest().join().unwrap();
    assert_eq!(all(&mut late), [(0, true), (1, false)]);
    assert_balanced(&channel.info());
}

#[test]
fn a_request_from_before_the_subscriber_comes_once_too() {
    let channel = channel(8);
    let _asking = ask(&channel, 1);
    let mut subscriber = channel.subscribe();
    put(&channel, [2]);
    let mut late = channel.group("late").from_oldest().join().unwrap();
    assert_eq!(all(&mut late), [(0, true), (1, false)]);
    assert_eq!(read_all(&mut subscriber), [1, 2]);
    assert_balanced(&channel.info());
}

#[test]
fn what_another_reader_still_holds_is_there_though_an_older_message_is_alone() {
    let channel = channel(8);
    let mut subscriber = channel.subscribe();
    let _asking = ask(&channel, 0);
    put(&channel, 1..=5);
    assert_eq!(subscriber.try_recv(), Ok(Number(0)));
    let _adopts_the_request = channel.join("a");
    let mut late = channel.group("b").from_oldest().join().unwrap();
    let expected: Vec<_> = (0..=5).map(|seq| (seq, seq == 0)).collect();
    assert_eq!(all(&mut late), expected);
    assert_eq!(read_all(&mut subscriber), [1, 2, 3, 4, 5]);
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
