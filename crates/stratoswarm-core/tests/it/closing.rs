//! Closing: readers drain and then get `None`; a refused send returns its message.

use crate::fixtures::{Number, broadcast, channel, park, put, ready, take_all, woken};
use stratoswarm_core::{Closed, Fabric, RequestError, SendError, TryRecvError, TrySendError};
use tokio_test::task;

#[test]
fn readers_drain_before_none() {
    let channel = channel(3);
    let mut receiver = channel.join("workers");
    let mut subscriber = channel.subscribe();
    put(&channel, [1, 2]);
    channel.close();
    assert!(channel.is_closed());
    for number in [1, 2] {
        assert_eq!(*ready(&mut task::spawn(receiver.recv())).unwrap(), Number(number));
        assert_eq!(ready(&mut task::spawn(subscriber.recv())), Some(Number(number)));
    }
    for _ in 0..2 {
        assert!(ready(&mut task::spawn(receiver.recv())).is_none());
        assert_eq!(ready(&mut task::spawn(subscriber.recv())), None);
        assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Closed));
        assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed));
    }
}

#[test]
fn a_refused_send_returns_its_message() {
    let channel = channel(3);
    let _receiver = channel.join("workers");
    let mut unpolled = task::spawn(channel.send(Number(0)));
    channel.close();
    channel.close();
    assert_eq!(ready(&mut unpolled), Err(SendError(Number(0))));
    assert_eq!(ready(&mut task::spawn(channel.send(Number(1)))), Err(SendError(Number(1))));
    assert_eq!(channel.try_send(Number(2)), Err(TrySendError::Closed(Number(2))));
    assert_eq!(channel.blocking_send(Number(3)), Err(SendError(Number(3))));
    assert_eq!(ready(&mut task::spawn(channel.reserve())).err(), Some(Closed));
    assert_eq!(channel.try_reserve().err(), Some(TrySendError::Closed(())));
    let mut batch = vec![Number(4), Number(5)];
    assert_eq!(ready(&mut task::spawn(channel.send_many(&mut batch))), Err(Closed));
    assert_eq!(batch, [Number(4), Number(5)]);
    assert_eq!(ready(&mut task::spawn(channel.request(Number(6)))), Err(RequestError::Closed));
    assert_eq!(ready(&mut task::spawn(channel.try_request(Number(7)))), Err(RequestError::Closed));
}

#[test]
fn a_full_closed_channel_says_closed() {
    let channel = channel(1);
    let _receiver = channel.join("workers");
    put(&channel, [1]);
    channel.close();
    assert_eq!(channel.try_send(Number(2)), Err(TrySendError::Closed(Number(2))));
    assert_eq!(ready(&mut task::spawn(channel.try_request(Number(3)))), Err(RequestError::Closed));
}

#[test]
fn waiting_senders_are_refused_at_the_close() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let mut send = task::spawn(channel.send(Number(2)));
    let mut reserve = task::spawn(channel.reserve());
    let mut request = task::spawn(channel.request(Number(3)));
    let mut batch = vec![Number(4), Number(5)];
    let mut send_many = task::spawn(channel.send_many(&mut batch));
    park(&mut send);
    park(&mut reserve);
    park(&mut request);
    park(&mut send_many);
    channel.close();
    assert_eq!(woken(&mut send), Err(SendError(Number(2))));
    assert_eq!(woken(&mut reserve).err(), Some(Closed));
    assert_eq!(woken(&mut request), Err(RequestError::Closed));
    assert_eq!(woken(&mut send_many), Err(Closed));
    drop(send_many);
    assert_eq!(batch, [Number(4), Number(5)]);
    assert_eq!(take_all(&mut receiver), [1]);
}

#[test]
fn a_batch_interrupted_by_the_close_keeps_what_was_not_accepted() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    let mut batch: Vec<_> = (1..=5).map(Number).collect();
    {
        let mut sending = task::spawn(channel.send_many(&mut batch));
        park(&mut sending);
        channel.close();
        assert_eq!(woken(&mut sending), Err(Closed));
    }
    assert_eq!(batch, [Number(3), Number(4), Number(5)]);
    assert_eq!(take_all(&mut receiver), [1, 2]);
}

#[test]
fn a_send_granted_before_the_close_is_delivered_or_refused_never_both() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let mut send = task::spawn(channel.send(Number(2)));
    park(&mut send);
    assert_eq!(*receiver.try_recv().unwrap(), Number(1));
    channel.close();
    let expected: &[u64] = match woken(&mut send) {
        Ok(()) => &[2],
        Err(SendError(message)) => {
            assert_eq!(message, Number(2));
            &[]
        }
    };
    assert_eq!(take_all(&mut receiver), expected);
    assert!(ready(&mut task::spawn(receiver.recv())).is_none());
}

#[test]
fn waiting_readers_get_none_at_the_close() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    let mut second = channel.join("workers");
    let mut subscriber = channel.subscribe();
    let mut tap = channel.tap();
    let mut recv = task::spawn(receiver.recv());
    let mut other = task::spawn(second.recv());
    let mut read = task::spawn(subscriber.recv());
    let mut hear = task::spawn(tap.recv());
    park(&mut recv);
    park(&mut other);
    park(&mut read);
    park(&mut hear);
    channel.close();
    assert!(woken(&mut recv).is_none());
    assert!(woken(&mut other).is_none());
    assert_eq!(woken(&mut read), None);
    assert_eq!(woken(&mut hear), None);
}

#[test]
fn closed_resolves_at_the_close() {
    let channel = channel(1);
    let events = broadcast(1);
    let mut closed = task::spawn(channel.closed());
    let mut over = task::spawn(events.closed());
    park(&mut closed);
    park(&mut over);
    channel.close();
    events.close();
    woken(&mut closed);
    woken(&mut over);
    ready(&mut task::spawn(channel.closed()));
    assert!(channel.is_closed() && events.is_closed());
}

#[test]
fn joining_a_closed_channel_drains_it() {
    let unread = channel(3);
    put(&unread, [1, 2]);
    unread.close();
    let mut first = unread.join("workers");
    assert_eq!(take_all(&mut first), [1, 2]);
    assert_eq!(first.try_recv().err(), Some(TryRecvError::Closed));

    let held = channel(3);
    drop(held.join("workers"));
    put(&held, [3, 4]);
    held.close();
    assert_eq!(take_all(&mut held.join("workers")), [3, 4]);
}

#[test]
fn a_late_reader_of_a_closed_channel_gets_none() {
    let channel = channel(3);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    channel.close();
    let mut subscriber = channel.subscribe();
    let mut tap = channel.tap();
    assert_eq!(ready(&mut task::spawn(subscriber.recv())), None);
    assert_eq!(ready(&mut task::spawn(tap.recv())), None);
    assert_eq!(take_all(&mut receiver), [1]);
}

#[test]
fn permits_stay_valid_after_the_close_and_none_comes_after_the_last_one() {
    let channel = channel(3);
    let mut receiver = channel.join("workers");
    let mut subscriber = channel.subscribe();
    let first = channel.try_reserve().unwrap();
    let second = channel.try_reserve().unwrap();
    channel.close();
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Empty), "a permit is outstanding");

    let mut recv = task::spawn(receiver.recv());
    park(&mut recv);
    first.send(Number(1));
    assert_eq!(*woken(&mut recv).unwrap(), Number(1));
    drop(recv);

    let mut recv = task::spawn(receiver.recv());
    park(&mut recv);
    assert_eq!(subscriber.try_recv(), Ok(Number(1)));
    let mut read = task::spawn(subscriber.recv());
    park(&mut read);
    drop(second);
    assert!(woken(&mut recv).is_none());
    assert_eq!(woken(&mut read), None);
}

#[test]
fn every_waiting_member_gets_none_after_the_last_permit() {
    let channel = channel(3);
    let mut members = [channel.join("workers"), channel.join("workers"), channel.join("workers")];
    let permit = channel.try_reserve().unwrap();
    channel.close();
    let mut waiting: Vec<_> = members.iter_mut().map(|member| task::spawn(member.recv())).collect();
    waiting.iter_mut().for_each(park);
    permit.send(Number(1));
    let got: Vec<_> = waiting.iter_mut().map(|recv| woken(recv).map(|delivery| delivery.0)).collect();
    assert_eq!(got.iter().flatten().collect::<Vec<_>>(), [&1]);
    assert_eq!(got.iter().filter(|got| got.is_none()).count(), 2);
}

#[test]
fn an_owned_permit_keeps_its_channel_open_and_works_after_the_close() {
    let numbers = channel(1);
    let mut receiver = numbers.join("workers");
    let permit = ready(&mut task::spawn(numbers.reserve_owned())).unwrap();
    let mut recv = task::spawn(receiver.recv());
    park(&mut recv);
    drop(recv);
    let numbers = permit.send(Number(1));
    assert!(!numbers.is_closed());
    assert_eq!(take_all(&mut receiver), [1]);

    let permit = ready(&mut task::spawn(numbers.clone().reserve_owned())).unwrap();
    numbers.close();
    permit.send(Number(2));
    assert_eq!(take_all(&mut receiver), [2]);
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Closed));
}

#[test]
fn queued_requests_are_still_answered_after_the_close() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(3)));
    park(&mut request);
    channel.close();
    let (number, responder) = receiver.try_recv().unwrap().into_parts();
    responder.send(number.0 * 2);
    assert_eq!(woken(&mut request), Ok(6));
}

#[test]
fn a_closed_channel_can_still_be_looked_at() {
    let fabric = Fabric::new();
    let channel = fabric.channel::<Number>("numbers").capacity(2).open().unwrap();
    let _receiver = channel.join("workers");
    put(&channel, [1]);
    channel.close();
    let info = channel.info();
    assert!(info.is_closed);
    assert_eq!((info.len, info.sent, channel.capacity(), channel.name()), (1, 1, 2, "numbers"));
}
