//! Accounts: per reader, accepted since it joined = taken + skipped + dead + left, at every moment.

use crate::fixtures::{
    Number, broadcast, channel, hear_all, park, put, read_all, reader, take, take_all, turns,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use stratoswarm_core::{ChannelInfo, ChannelKind, ReaderKind, RequestCounts, WaitInfo, WaitKind, WaitState};
use tokio::time::{Duration, advance};
use tokio_test::task;

#[track_caller]
pub(crate) fn assert_balanced(info: &ChannelInfo) {
    for reader in &info.readers {
        let used = reader.taken + reader.skipped.total() + reader.dead + reader.left;
        assert_eq!(reader.accepted, used, "{} is out of balance: {info:#?}", reader.name);
        assert!(reader.in_flight <= reader.taken + reader.unsettled, "{info:#?}");
        assert!(reader.unsettled + reader.delayed <= reader.left, "{info:#?}");
    }
    let room = info.lanes.iter().map(|lane| lane.capacity).sum::<usize>().max(info.capacity);
    assert!(info.len <= room, "{info:#?}");
    assert!(info.lanes.iter().all(|lane| lane.len <= lane.capacity), "{info:#?}");
}

#[test]
fn accepted_is_taken_plus_skipped_plus_left_after_every_step() {
    let channel = channel(8);
    let mut first = channel.join("workers");
    let mut second = channel.join("workers");
    let mut subscriber = channel.subscribe();
    let mut tap = channel.tap();
    let mut next = 0;
    for step in 0..400_u64 {
        match step % 7 {
            0 | 1 | 4 => {
                if channel.try_send(Number(next)).is_ok() {
                    next += 1;
                }
            }
            2 => drop(first.try_recv()),
            3 => drop(subscriber.try_recv()),
            5 => drop(second.try_recv()),
            _ => drop(tap.try_recv()),
        }
        let info = channel.info();
        assert_balanced(&info);
        assert_eq!(info.sent, next);
        for reader in &info.readers {
            assert_eq!(reader.accepted, next, "all were there from the start: {info:#?}");
            assert!(reader.kind == ReaderKind::Lossy || reader.left <= info.len as u64, "{info:#?}");
        }
    }
}

#[test]
fn the_figures_are_those_of_the_queue() {
    let channel = channel(4);
    let mut group = channel.join("workers");
    let _helper = channel.join("workers");
    let mut subscriber = channel.subscribe();
    put(&channel, 0..3);
    let permit = channel.try_reserve().unwrap();
    let mut waiting = task::spawn(channel.send(Number(9)));
    park(&mut waiting);
    let in_flight = group.try_recv().unwrap();
    assert_eq!(take(&mut group), 1);
    assert_eq!(subscriber.try_recv(), Ok(Number(0)));

    let info = channel.info();
    assert_balanced(&info);
    assert_eq!((info.name.as_str(), info.kind, info.capacity), ("numbers", ChannelKind::Channel, 4));
    assert!(info.message.ends_with("Number"), "{}", info.message);
    assert!(info.location.file().ends_with("fixtures.rs"));
    assert!(!info.is_closed);
    assert_eq!((info.sent, info.delivered, info.permits), (3, 3, 1));
    let workers = reader(&info, ReaderKind::Group);
    assert_eq!((workers.name.as_str(), workers.members), ("workers", 2));
    assert_eq!((workers.taken, workers.left, workers.in_flight), (2, 1, 1));
    let observer = reader(&info, ReaderKind::Subscriber);
    assert_eq!((observer.taken, observer.left, observer.in_flight), (1, 2, 0));
    drop((in_flight, permit));
    assert_eq!(reader(&channel.info(), ReaderKind::Group).in_flight, 0);
}

#[test]
fn a_message_counts_as_in_hand_until_delivery_and_responder_are_dropped() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let in_flight = || reader(&channel.info(), ReaderKind::Group).in_flight;
    put(&channel, [1, 2]);
    let first = receiver.try_recv().unwrap();
    let second = receiver.try_recv().unwrap();
    assert_eq!(in_flight(), 2);
    assert_eq!(first.into_message(), Number(1));
    assert_eq!(in_flight(), 1);
    drop(second);

    let mut request = task::spawn(channel.request(Number(3)));
    park(&mut request);
    let (_, responder) = receiver.try_recv().unwrap().into_parts();
    assert_eq!(in_flight(), 1);
    responder.send(1);
    assert_eq!(in_flight(), 0);
}

#[test]
fn blocked_senders_and_the_high_water_mark_are_counted() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    put(&channel, 0..3);
    assert_eq!(take_all(&mut receiver).len(), 3);
    assert_eq!(channel.info().high_water, 3);
    put(&channel, 0..4);
    let mut waiting: Vec<_> = (0..5).map(|number| task::spawn(channel.send(Number(number)))).collect();
    waiting.iter_mut().for_each(park);
    let info = channel.info();
    assert_eq!((info.blocked_senders, info.high_water, info.len), (5, 4, 4));
    drop(waiting);
    assert_eq!(channel.info().blocked_senders, 0);
    assert_eq!(take_all(&mut receiver).len(), 4);
    let info = channel.info();
    assert_eq!((info.len, info.high_water, info.sent, info.delivered), (0, 4, 7, 7));
}

#[test]
fn what_a_reader_took_is_still_counted_after_it_left() {
    let channel = channel(4);
    let mut subscriber = channel.subscribe();
    put(&channel, 0..3);
    assert_eq!(read_all(&mut subscriber).len(), 3);
    drop(subscriber);
    let info = channel.info();
    assert!(info.readers.is_empty());
    assert_eq!((info.sent, info.delivered), (3, 3));
}

#[test]
fn a_late_reader_counts_from_where_it_starts() {
    let channel = channel(4);
    let mut early = channel.join("early");
    put(&channel, 0..3);
    assert_eq!(take(&mut early), 0);
    let _late = channel.join("late");
    let _oldest = channel.subscribe().from_oldest();
    put(&channel, [3]);
    let info = channel.info();
    assert_balanced(&info);
    let accepted = |name: &str| info.readers.iter().find(|reader| reader.name == name).unwrap().accepted;
    assert_eq!((accepted("early"), accepted("late")), (4, 1));
    assert_eq!(reader(&info, ReaderKind::Subscriber).accepted, 3);
}

#[test]
fn missed_messages_are_skipped_messages() {
    let events = broadcast(4);
    let mut subscriber = events.subscribe();
    for number in 0..10 {
        events.send(Number(number)).unwrap();
    }
    assert_balanced(&events.info());
    assert_eq!(hear_all(&mut subscriber), [-6, 6, 7, 8, 9]);
    let info = events.info();
    assert_balanced(&info);
    let hearer = reader(&info, ReaderKind::Lossy);
    assert_eq!(
        (info.kind, hearer.taken, hearer.skipped.missed, hearer.left),
        (ChannelKind::Broadcast, 4, 6, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn skipped_requests_are_counted_by_their_reason() {
    let channel = channel(10);
    let mut receiver = channel.join("workers");
    let mut expiring = task::spawn(channel.request(Number(1)).timeout(Duration::from_secs(1)));
    let mut abandoned = task::spawn(channel.request(Number(2)).timeout(Duration::from_secs(9)));
    let mut answered = task::spawn(channel.request(Number(3)).timeout(Duration::from_secs(9)));
    let mut unanswered = task::spawn(channel.request(Number(4)).timeout(Duration::from_secs(9)));
    park(&mut expiring);
    park(&mut abandoned);
    park(&mut answered);
    park(&mut unanswered);
    drop(abandoned);
    advance(Duration::from_secs(2)).await;
    assert_balanced(&channel.info());
    expiring.await.unwrap_err();

    let (_, responder) = receiver.try_recv().unwrap().into_parts();
    assert_balanced(&channel.info());
    responder.send(6);
    assert_eq!(answered.await, Ok(6));
    assert_eq!(take(&mut receiver), 4);
    unanswered.await.unwrap_err();

    let info = channel.info();
    assert_balanced(&info);
    let workers = reader(&info, ReaderKind::Group);
    assert_eq!((workers.taken, workers.skipped.expired, workers.skipped.abandoned), (2, 1, 1));
    let RequestCounts { asked, answered, expired, abandoned, unanswered, .. } = info.requests;
    assert_eq!((asked, answered, expired, abandoned, unanswered), (4, 1, 1, 1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_accounts_balance_while_tasks_send_and_receive() {
    let channel = channel(6);
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    for member in 0..2 {
        let mut receiver = channel.join("workers");
        tasks.push(tokio::spawn(async move {
            while let Some(delivery) = receiver.recv().await {
                turns(member).await;
                drop(delivery);
            }
        }));
    }
    for pace in 0..2 {
        let mut subscriber = channel.subscribe();
        tasks.push(tokio::spawn(async move {
            while subscriber.recv().await.is_some() {
                turns(pace).await;
            }
        }));
    }
    let mut tap = channel.tap();
    tasks.push(tokio::spawn(async move { while tap.recv().await.is_some() {} }));
    let mut senders = Vec::new();
    for sender in 0..3 {
        let channel = channel.clone();
        senders.push(tokio::spawn(async move {
            for number in 0..5_000 {
                if number % 5 == sender {
                    let permit = channel.reserve().await.unwrap();
                    permit.send(Number(number));
                } else {
                    channel.send(Number(number)).await.unwrap();
                }
            }
        }));
    }
    let (watched, ended) = (channel.clone(), Arc::clone(&over));
    let auditor = std::thread::spawn(move || {
        let mut audits = 0_u64;
        while !ended.load(Ordering::Acquire) {
            assert_balanced(&watched.info());
            audits += 1;
            std::thread::yield_now();
        }
        audits
    });
    for sender in senders {
        sender.await.unwrap();
    }
    channel.close();
    for task in tasks {
        task.await.unwrap();
    }
    over.store(true, Ordering::Release);
    assert!(auditor.join().unwrap() > 0);
    let info = channel.info();
    assert_balanced(&info);
    assert_eq!((info.sent, info.len), (15_000, 0));
}

#[test]
fn a_lossy_reader_leaves_what_it_can_still_get_and_has_missed_the_rest() {
    let news = broadcast(2);
    let mut reader = news.subscribe();
    for n in 0..5 {
        assert_eq!(news.send(Number(n)).ok(), Some(1));
    }
    let figures = |news: &stratoswarm_core::Broadcast<Number>| {
        let info = news.info();
        assert_balanced(&info);
        let reader = &info.readers[0];
        (news.len(), reader.taken, reader.skipped.missed, reader.left)
    };
    assert_eq!(figures(&news), (2, 0, 3, 2), "before it learns of the gap");
    assert!(reader.try_recv().is_ok_and(|gap| gap.is_err_and(|lagged| lagged.missed == 3)));
    assert_eq!(figures(&news), (2, 0, 3, 2), "the two are taken in one go, and not read");
    assert_eq!(reader.try_recv(), Ok(Ok(Number(3))));
    assert_eq!(figures(&news), (1, 1, 3, 1));
    assert_eq!(reader.try_recv(), Ok(Ok(Number(4))));
    assert_eq!(figures(&news), (0, 2, 3, 0));
    assert!(news.is_empty());
}

#[test]
fn in_hand_counts_every_delivery_however_many_and_however_long() {
    let channel = channel(1000);
    let mut worker = channel.join("workers");
    let in_flight = || {
        let info = channel.info();
        assert_balanced(&info);
        info.readers[0].in_flight
    };
    put(&channel, 0..500);
    let mut held: Vec<_> = (0..200).map(|_| worker.try_recv().unwrap()).collect();
    assert_eq!(in_flight(), 200);
    let mut at = 0;
    held.retain(|_| {
        at += 1;
        at % 3 == 0
    });
    assert_eq!(in_flight(), held.len() as u64);
    let more: Vec<_> = (0..300).map(|_| worker.try_recv().unwrap()).collect();
    assert_eq!(in_flight(), 300 + held.len() as u64);
    let dropped_elsewhere = std::thread::spawn(move || drop(more));
    dropped_elsewhere.join().unwrap();
    assert_eq!(in_flight(), held.len() as u64);
    held.clear();
    assert_eq!(in_flight(), 0);
}

// ---- who waits

/// What is told of each, but for how long.
fn told(waits: &[WaitInfo]) -> Vec<(WaitKind, WaitState, Option<tokio::task::Id>, u32)> {
    for wait in waits {
        assert!(wait.at.file().ends_with("accounts.rs"), "{wait:?}");
    }
    waits.iter().map(|wait| (wait.kind, wait.state, wait.task, wait.at.line())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_place_that_was_granted_to_a_send_that_nobody_polls_is_told() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let (mut kept, line) = (task::spawn(channel.send(Number(2))), line!());
    park(&mut kept);
    assert_eq!(told(&channel.info().waits), [(WaitKind::Send, WaitState::Waiting, None, line)]);
    assert_eq!((channel.info().blocked_senders, channel.info().granted), (1, 0));
    advance(Duration::from_secs(3)).await;
    assert_eq!(take(&mut receiver), 1);
    let info = channel.info();
    assert_eq!(told(&info.waits), [(WaitKind::Send, WaitState::Granted, None, line)]);
    assert_eq!((info.len, info.blocked_senders, info.granted), (0, 0, 1));
    let waited = info.waits[0].waited;
    assert!(waited >= Duration::from_millis(2_990) && waited < Duration::from_millis(3_010), "{waited:?}");
    drop(kept);
    assert!(channel.info().waits.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_room_or_holds_a_place_is_told_with_task_and_line_and_time() {
    use {WaitKind::*, WaitState::*};

    let channel = channel(1);
    let _receiver = channel.join("workers");
    let (permit, permit_line) = (channel.try_reserve().unwrap(), line!());
    let (sender, batcher, asker) = (channel.clone(), channel.clone(), channel.clone());
    let send = tokio::spawn(async move { sender.send(Number(1)).await });
    let send_line = line!() - 1;
    turns(4).await;
    let send_many = tokio::spawn(async move { batcher.send_many(&mut vec![Number(2)]).await });
    let send_many_line = line!() - 1;
    turns(4).await;
    let request = tokio::spawn(async move { asker.request(Number(3)).timeout(Duration::MAX).await });
    let request_line = line!() - 1;
    turns(4).await;
    advance(Duration::from_secs(2)).await;
    let (mut reserve, reserve_line) = (task::spawn(channel.reserve()), line!());
    park(&mut reserve);
    let (mut owned, owned_line) = (task::spawn(channel.clone().reserve_owned()), line!());
    park(&mut owned);
    advance(Duration::from_secs(1)).await;

    let info = channel.info();
    let expected = [
        (Send, Waiting, Some(send.id()), send_line),
        (SendMany, Waiting, Some(send_many.id()), send_many_line),
        (Request, Waiting, Some(request.id()), request_line),
        (Reserve, Waiting, None, reserve_line),
        (Reserve, Waiting, None, owned_line),
        (Permit, Held, None, permit_line),
    ];
    assert_eq!(told(&info.waits), expected);
    let seconds: Vec<_> = info.waits.iter().map(|wait| wait.waited.as_secs_f64().round()).collect();
    assert_eq!(seconds, [3.0, 3.0, 3.0, 1.0, 1.0, 3.0]);
    assert_eq!((info.blocked_senders, info.permits, info.granted), (5, 1, 0));
    let lines: Vec<_> = info.blocked_at.iter().map(|at| at.line()).collect();
    assert_eq!(lines, [send_line, send_many_line, request_line, reserve_line, owned_line]);

    drop(permit);
    let granted = channel.info().waits[0].clone();
    assert_eq!((granted.state, granted.task), (Granted, Some(send.id())), "not run since");
    channel.close();
    assert!(channel.info().waits.is_empty(), "{:?}", channel.info().waits);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_a_group_is_told() {
    let channel = channel(1);
    let asker = channel.clone();
    let asking = tokio::spawn(async move { asker.request(Number(1)).await });
    let line = line!() - 1;
    turns(4).await;
    let info = channel.info();
    assert_eq!(told(&info.waits), [(WaitKind::Request, WaitState::Unserved, Some(asking.id()), line)]);
    assert_eq!((info.unserved, info.blocked_senders), (1, 0));
}

#[tokio::test]
async fn readers_that_wait_are_told_with_their_task_and_where_they_were_made() {
    let channel = channel(4);
    let (mut receiver, joined) = (channel.join("workers"), line!());
    let (mut subscriber, subscribed) = (channel.subscribe(), line!());
    let (mut tap, tapped) = (channel.tap(), line!());
    assert!(channel.info().readers.iter().all(|reader| reader.waits.is_empty()));
    let recv = tokio::spawn(async move { receiver.recv().await.is_some() });
    let mut read = task::spawn(subscriber.recv());
    let mut hear = task::spawn(tap.recv());
    turns(4).await;
    park(&mut read);
    park(&mut hear);
    let info = channel.info();
    let waits = |kind| told(&reader(&info, kind).waits);
    let wait = |task, line| [(WaitKind::Receive, WaitState::Waiting, task, line)];
    assert_eq!(waits(ReaderKind::Group), wait(Some(recv.id()), joined));
    assert_eq!(waits(ReaderKind::Subscriber), wait(None, subscribed));
    assert_eq!(waits(ReaderKind::Lossy), wait(None, tapped));
    assert!(info.waits.is_empty(), "they are told of their readers");
    put(&channel, [1]);
    assert!(recv.await.unwrap());
    drop((read, hear));
    assert!(channel.info().readers.iter().all(|reader| reader.waits.is_empty()));
}

#[tokio::test]
async fn who_waits_for_the_close_is_told() {
    let channel = channel(4);
    let (mut waiting, line) = (task::spawn(channel.closed()), line!());
    park(&mut waiting);
    let watcher = channel.clone();
    let watching = tokio::spawn(async move { watcher.closed().await });
    let watching_line = line!() - 1;
    turns(4).await;
    let expected = [
        (WaitKind::Closed, WaitState::Waiting, None, line),
        (WaitKind::Closed, WaitState::Waiting, Some(watching.id()), watching_line),
    ];
    assert_eq!(told(&channel.info().waits), expected);
    assert_eq!(channel.info().blocked_senders, 0);
    drop(waiting);
    channel.close();
    assert!(channel.info().waits.is_empty());
}
