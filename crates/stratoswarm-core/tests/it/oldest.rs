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

#[test]
fn requests_kept_for_a_group_share_the_places_with_what_a_subscriber_has_not_taken() {
    let channel = channel(4);
    let mut subscriber = channel.subscribe();
    let _asking: Vec<_> = (0..3).map(|n| ask(&channel, n)).collect();
    assert_eq!(read_all(&mut subscriber), [0, 1, 2]);
    put(&channel, [3]);
    assert!(is_full(&channel), "three for the group to come, one for the subscriber");
    assert_eq!((channel.len(), channel.info().high_water), (4, 4));
    let mut late = channel.group("late").from_oldest().join().unwrap();
    assert_eq!((channel.len(), channel.info().high_water), (4, 4));
    assert_eq!(all(&mut late), [(0, true), (1, true), (2, true), (3, false)]);
    assert_balanced(&channel.info());
}

#[test]
fn a_waiting_sender_proceeds_when_a_kept_request_is_given_up() {
    let channel = channel(2);
    let mut subscriber = channel.subscribe();
    let asking = ask(&channel, 0);
    put(&channel, [1]);
    let mut first = task::spawn(channel.send(Number(2)));
    let mut second = task::spawn(channel.send(Number(3)));
    park(&mut first);
    park(&mut second);
    assert_eq!(read_all(&mut subscriber), [0, 1]);
    assert!(first.is_woken() && first.poll().is_ready());
    assert!(!second.is_woken(), "the request takes a place, the message of the first the other");
    drop(asking);
    assert!(second.is_woken() && second.poll().is_ready());
    assert_eq!((channel.len(), channel.info().high_water), (2, 2));
}

#[test]
fn what_several_have_each_a_part_holds_senders_back_until_it_is_taken() {
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
    let mut late = channel.subscribe().from_oldest();
    let info = channel.info();
    assert_eq!((info.len, info.high_water), (3, 3), "0 and 2 of the one, 1 of the other");
    assert_eq!(late.try_recv(), Ok(Number(0)));
    assert!(is_full(&channel), "it has two left");
    for reader in [&mut sees_all, &mut without_the_request, &mut late] {
        read_all(reader);
    }
    assert_eq!(worker.try_recv().map(|it| it.seq()).ok(), Some(2));
    assert_eq!(channel.len(), 0);
    put(&channel, [3, 4]);
    assert!(is_full(&channel));
}
