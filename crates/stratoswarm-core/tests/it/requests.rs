//! Requests: replies of the right type, late replies, several groups, observers.

use crate::fixtures::{Number, channel, park, put, read_all, ready, take, woken};
use std::{future::poll_fn, task::Poll, thread, time::Duration};
use stratoswarm_core::{Ask, Channel, Fabric, ReplyOutcome, RequestError, Responder, Stage};
use tokio_test::task;

#[test]
fn a_request_is_answered() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(20)));
    park(&mut request);
    let delivery = receiver.try_recv().unwrap();
    assert!(delivery.is_request());
    let (number, responder) = delivery.into_parts();
    assert!(responder.is_wanted() && !responder.is_closed());
    assert_eq!(responder.send(number.0 + 1), ReplyOutcome::Received);
    assert_eq!(woken(&mut request), Ok(21));
}

#[tokio::test]
async fn many_requests_get_each_their_own_answer() {
    let channel = channel(8);
    let mut receiver = channel.join("workers");
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Some(delivery) = receiver.recv().await {
            open.push(delivery.into_parts());
            if open.len() == 5 {
                // Out of order.
                for (number, responder) in open.drain(..).rev() {
                    responder.send(number.0 * 10);
                }
            }
        }
    });
    let answers = futures::future::join_all((0..1_000).map(|number| channel.request(Number(number)))).await;
    for (answer, number) in answers.into_iter().zip(0..) {
        assert_eq!(answer, Ok(number * 10));
    }
}

#[test]
fn a_request_whose_responder_is_dropped_is_unanswered() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    for way in 0..4 {
        let mut request = task::spawn(channel.request(Number(1)));
        park(&mut request);
        let delivery = receiver.try_recv().unwrap();
        match way {
            0 => drop(delivery),
            1 => drop(delivery.into_message()),
            2 => drop(delivery.into_parts().1),
            _ => drop(delivery.into_raw_parts()),
        }
        assert_eq!(woken(&mut request), Err(RequestError::Unanswered), "way {way}");
    }
    assert_eq!(channel.info().requests.unanswered, 4);
}

#[test]
fn a_late_reply_comes_back_to_the_handler() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)));
    park(&mut request);
    let (_, responder) = receiver.try_recv().unwrap().into_parts();
    drop(request);
    assert!(responder.is_closed());
    assert_eq!(responder.send(7), ReplyOutcome::TooLate(7));
}

#[test]
fn a_reply_to_a_message_that_was_only_sent_is_not_asked_for() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let delivery = receiver.try_recv().unwrap();
    assert!(!delivery.is_request());
    assert_eq!(delivery.deadline(), None);
    let (_, responder) = delivery.into_parts();
    assert!(!responder.is_wanted());
    assert_eq!(responder.deadline(), None);
    assert_eq!(responder.send(7), ReplyOutcome::NotAsked(7));
    assert_eq!(Responder::detached().send(8), ReplyOutcome::NotAsked(8));
}

/// A hand-written `Ask` that promises another reply than the handlers of `Number` give.
struct Mistaken;

impl Ask<Number> for Mistaken {
    type Reply = String;

    fn into_message(self) -> Number {
        Number(5)
    }
}

#[test]
fn an_answer_of_another_type_is_an_error_and_no_panic() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Mistaken));
    park(&mut request);
    let (number, responder) = receiver.try_recv().unwrap().into_parts();
    assert_eq!(number, Number(5));
    assert_eq!(woken(&mut request), Err(RequestError::WrongReplyType));
    assert_eq!(responder.send(6), ReplyOutcome::NotAsked(6), "the responder comes back detached");

    let mut request = task::spawn(channel.request(Mistaken));
    park(&mut request);
    let (_, raw) = receiver.try_recv().unwrap().into_raw_parts();
    raw.typed::<String>().send("right".to_owned());
    assert_eq!(woken(&mut request).as_deref(), Ok("right"));
}

// ---- giving up

#[test]
fn long_work_learns_that_its_caller_gave_up() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)));
    park(&mut request);
    let (_, mut responder) = receiver.try_recv().unwrap().into_parts();
    {
        let mut closed = task::spawn(responder.closed());
        park(&mut closed);
        drop(request);
        woken(&mut closed);
    }
    assert!(responder.is_closed());
    ready(&mut task::spawn(responder.closed()));
    ready(&mut task::spawn(poll_fn(|cx| responder.poll_closed(cx))));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_polls_is_woken_when_its_caller_gives_up_or_its_time_is_over() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    for gives_up in [true, false] {
        let mut request = task::spawn(channel.request(Number(1)).timeout(Duration::from_secs(1)));
        park(&mut request);
        let (_, mut responder) = receiver.try_recv().unwrap().into_parts();
        let mut closed = task::spawn(poll_fn(|cx| responder.poll_closed(cx)));
        park(&mut closed);
        park(&mut closed);
        if gives_up {
            drop(request);
        } else {
            tokio::time::advance(Duration::from_millis(1_001)).await; // the caller is not polled
        }
        woken(&mut closed);
    }
}

#[test]
fn a_request_whose_caller_has_gone_is_skipped_before_the_handler_and_counted() {
    let channel = channel(4);
    let mut first = channel.join("first");
    let mut second = channel.join("second");
    let mut request = task::spawn(channel.request(Number(1)));
    park(&mut request);
    put(&channel, [2]);
    drop(request);
    assert_eq!(take(&mut first), 2);
    assert_eq!(take(&mut second), 2);
    let info = channel.info();
    assert_eq!(info.requests.abandoned, 1);
    for group in &info.readers {
        assert_eq!((group.taken, group.skipped.abandoned, group.left), (1, 1, 0), "{}", group.name);
    }
}

#[test]
fn an_abandoned_request_gives_up_its_place_when_a_sender_finds_the_channel_full() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    let mut first = task::spawn(channel.request(Number(1)));
    let mut second = task::spawn(channel.request(Number(2)));
    park(&mut first);
    park(&mut second);
    drop((first, second));
    put(&channel, [3, 4]);
    assert_eq!((take(&mut receiver), take(&mut receiver)), (3, 4));

    // Not only from the front of the queue.
    put(&channel, [5]);
    let mut behind = task::spawn(channel.request(Number(6)));
    park(&mut behind);
    drop(behind);
    let mut send = task::spawn(channel.send(Number(7)));
    assert_eq!(ready(&mut send), Ok(()));
    assert_eq!((take(&mut receiver), take(&mut receiver)), (5, 7));
}

#[test]
fn a_waiting_sender_gets_the_place_of_an_abandoned_request() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)));
    park(&mut request);
    let mut waiting = task::spawn(channel.send(Number(2)));
    park(&mut waiting);
    drop(request);
    assert_eq!(woken(&mut waiting), Ok(()));
    assert_eq!(take(&mut receiver), 2);
}

// ---- several groups, observers

#[test]
fn each_group_handles_a_request_and_the_first_reply_wins() {
    let channel = channel(4);
    let mut first = channel.join("first");
    let mut second = channel.join("second");
    let mut request = task::spawn(channel.request(Number(1)));
    park(&mut request);
    let (_, slow) = first.try_recv().unwrap().into_parts();
    let (_, fast) = second.try_recv().unwrap().into_parts();
    assert_eq!(fast.send(2), ReplyOutcome::Received);
    assert!(slow.is_closed());
    assert_eq!(slow.send(1), ReplyOutcome::TooLate(1));
    assert_eq!(woken(&mut request), Ok(2));
    assert_eq!(channel.info().requests.answered, 1);
}

#[test]
fn a_group_handles_a_request_that_another_group_has_answered() {
    let channel = channel(4);
    let mut first = channel.join("first");
    let mut second = channel.join("second");
    let mut request = task::spawn(channel.request(Number(1)));
    park(&mut request);
    first.try_recv().unwrap().into_parts().1.send(1);
    assert_eq!(woken(&mut request), Ok(1));
    let (number, responder) = second.try_recv().unwrap().into_parts();
    assert_eq!(number, Number(1));
    assert_eq!(responder.send(2), ReplyOutcome::TooLate(2));
}

#[test]
fn only_the_last_responder_dropped_makes_a_request_unanswered() {
    let channel = channel(4);
    let mut first = channel.join("first");
    let mut second = channel.join("second");
    let mut request = task::spawn(channel.request(Number(1)));
    park(&mut request);
    drop(first.try_recv().unwrap());
    park(&mut request);
    second.try_recv().unwrap().into_parts().1.send(2);
    assert_eq!(woken(&mut request), Ok(2));

    let mut request = task::spawn(channel.request(Number(1)));
    park(&mut request);
    let kept = first.try_recv().unwrap();
    drop(second.try_recv().unwrap());
    park(&mut request);
    drop(kept);
    assert_eq!(woken(&mut request), Err(RequestError::Unanswered));
}

#[test]
fn observers_see_a_request_and_only_a_group_answers_it() {
    let channel = channel(4);
    let mut subscriber = channel.subscribe();
    let mut tap = channel.tap();
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)));
    park(&mut request);
    assert_eq!(read_all(&mut subscriber), [1]);
    assert_eq!(tap.try_recv(), Ok(Ok(Number(1))));
    park(&mut request);
    receiver.try_recv().unwrap().into_parts().1.send(5);
    assert_eq!(woken(&mut request), Ok(5));
}

// ---- room

#[test]
fn try_request_does_not_wait_for_room() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    assert_eq!(ready(&mut task::spawn(channel.try_request(Number(2)))), Err(RequestError::Full));
    assert_eq!(take(&mut receiver), 1);
    let mut request = task::spawn(channel.try_request(Number(3)));
    park(&mut request);
    receiver.try_recv().unwrap().into_parts().1.send(4);
    assert_eq!(woken(&mut request), Ok(4));
}

#[test]
fn a_request_waits_for_room_in_line() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let mut request = task::spawn(channel.request(Number(2)));
    park(&mut request);
    assert_eq!(take(&mut receiver), 1);
    assert_eq!(ready(&mut task::spawn(channel.try_request(Number(9)))), Err(RequestError::Full));
    park(&mut request);
    receiver.try_recv().unwrap().into_parts().1.send(3);
    assert_eq!(woken(&mut request), Ok(3));
}

// ---- outside tokio

fn served_by_a_thread() -> (Channel<Number>, thread::JoinHandle<()>) {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    let server = thread::spawn(move || {
        while let Some(delivery) = receiver.blocking_recv() {
            let (number, responder) = delivery.into_parts();
            if number.0 != 0 {
                responder.send(number.0 + 1);
            } else {
                // Held until the caller has given up.
                futures::executor::block_on(async {
                    let mut responder = responder;
                    responder.closed().await;
                });
            }
        }
    });
    (channel, server)
}

#[test]
fn a_request_outside_tokio_is_answered() {
    let (channel, server) = served_by_a_thread();
    for number in 1..100 {
        assert_eq!(futures::executor::block_on(channel.request(Number(number))), Ok(number + 1));
    }
    drop(channel);
    server.join().unwrap();
}

#[test]
fn a_request_outside_tokio_expires() {
    const SHORT: Duration = Duration::from_millis(30);
    let (served, server) = served_by_a_thread();
    let start = std::time::Instant::now();
    let expired = futures::executor::block_on(served.request(Number(0)).timeout(SHORT));
    assert!(start.elapsed() >= SHORT, "early: {:?}", start.elapsed());
    let Err(RequestError::Expired { stage: Stage::Handling, waited, members: 1, .. }) = expired else {
        panic!("{expired:?}")
    };
    assert!(waited >= SHORT);
    drop(served);
    server.join().unwrap();

    let idle = channel(2);
    let _group = idle.join("workers");
    let expired = futures::executor::block_on(idle.request(Number(1)).timeout(SHORT));
    assert!(matches!(expired, Err(RequestError::Expired { stage: Stage::Queued, .. })), "{expired:?}");
    let unserved = channel(2);
    let expired = futures::executor::block_on(unserved.request(Number(1)).timeout(SHORT));
    assert!(matches!(expired, Err(RequestError::Expired { stage: Stage::Unserved, .. })), "{expired:?}");
}

#[test]
fn a_pending_request_is_send_and_moves_between_threads() {
    let channel = Fabric::new().channel::<Number>("numbers").capacity(2).open().unwrap();
    let mut receiver = channel.join("workers");
    let asking = {
        let channel = channel.clone();
        thread::spawn(move || futures::executor::block_on(async { channel.request(Number(1)).await }))
    };
    receiver.blocking_recv().unwrap().into_parts().1.send(2);
    assert_eq!(asking.join().unwrap(), Ok(2));
    let mut request = task::spawn(channel.request(Number(3)));
    assert_eq!(request.poll(), Poll::Pending);
}

// ---- responders that nobody is left to use

#[test]
fn a_request_that_both_groups_drop_is_unanswered_though_a_tap_has_not_read_it() {
    let channel = channel(4);
    let (mut one, mut other) = (channel.join("one"), channel.join("other"));
    let mut tap = channel.tap();
    let mut request = task::spawn(channel.request(Number(1)).timeout(Duration::MAX));
    park(&mut request);
    drop(one.try_recv().unwrap());
    park(&mut request);
    drop(other.try_recv().unwrap());
    assert_eq!(ready(&mut request), Err(RequestError::Unanswered));
    assert_eq!(tap.try_recv(), Ok(Ok(Number(1))));
}

#[test]
fn a_removed_group_takes_its_claim_to_a_request_with_it() {
    let channel = channel(4);
    let mut one = channel.join("one");
    let _other = channel.join("other");
    let _subscriber = channel.subscribe();
    let mut request = task::spawn(channel.request(Number(1)).timeout(Duration::MAX));
    park(&mut request);
    drop(one.try_recv().unwrap());
    park(&mut request);
    assert_eq!(channel.remove_group("other"), 1);
    assert_eq!(ready(&mut request), Err(RequestError::Unanswered));
}

#[test]
fn a_request_that_changes_its_line_and_comes_back_is_found_there() {
    for granted in [true, false] {
        for given_up in [true, false] {
            let channel = channel(5);
            let (mut subscriber, _worker) = (channel.subscribe(), channel.join("workers"));
            put(&channel, 0..5);
            let mut sends: Vec<_> = (5..7).map(|number| task::spawn(channel.send(Number(number)))).collect();
            sends.iter_mut().for_each(park);
            let mut request = task::spawn(channel.request(Number(7)));
            park(&mut request);
            let mut later: Vec<_> = (8..10).map(|number| task::spawn(channel.send(Number(number)))).collect();
            later.iter_mut().for_each(park);
            channel.remove_group("workers");
            if granted {
                assert_eq!(std::iter::from_fn(|| subscriber.try_recv().ok()).count(), 5); // a place for each
            }
            park(&mut request); // there is no group: it waits in a line of its own
            let mut worker = channel.join("workers");
            if !granted {
                assert_eq!(std::iter::from_fn(|| subscriber.try_recv().ok()).count(), 5);
            }
            if given_up {
                drop(request);
            } else {
                park(&mut request); // sent, in its place
                assert_eq!(channel.info().requests.asked, 1);
                let asked = std::iter::from_fn(|| worker.try_recv().ok())
                    .find(stratoswarm_core::Delivery::is_request);
                asked.unwrap().reply(8);
                assert_eq!(woken(&mut request), Ok(8));
            }
            drop((sends, later));
            while subscriber.try_recv().is_ok() || worker.try_recv().is_ok() {}
            let info = channel.info();
            assert_eq!(
                (info.granted, info.blocked_senders, info.unserved, info.waits.len()),
                (0, 0, 0, 0),
                "{info:?}"
            );
            assert_eq!(
                (0..9).filter(|number| channel.try_send(Number(*number)).is_ok()).count(),
                5,
                "no place is lost"
            );
        }
    }
}
