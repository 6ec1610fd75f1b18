//! Deadlines: they cover room, queue, handler and reply; never early, late by at most one tick.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, channel, is_full, park, put, read_all, reader, ready, take, take_all, woken},
};
use std::time::Duration;
use stratoswarm_core::{
    Channel, ChannelBuilder, Fabric, ReaderKind, ReplyOutcome, RequestError, Stage, TrySendError,
};
use tokio::time::{Instant, advance};
use tokio_test::task;

const SECOND: Duration = Duration::from_secs(1);
/// Of tokio's clock.
const TICK: Duration = Duration::from_millis(1);

#[track_caller]
fn expired(answer: Result<u64, RequestError>) -> (Stage, Duration, usize) {
    match answer {
        Err(RequestError::Expired { stage, waited, members, .. }) => (stage, waited, members),
        other => panic!("not expired: {other:?}"),
    }
}

fn built(
    with: impl for<'a> FnOnce(ChannelBuilder<'a, Number>) -> ChannelBuilder<'a, Number>,
) -> Channel<Number> {
    with(Fabric::new().channel("numbers").capacity(4)).open().unwrap()
}

// ---- stages

#[tokio::test(start_paused = true)]
async fn a_request_that_finds_no_room_expires_while_sending() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let (stage, waited, members) = expired(channel.request(Number(2)).timeout(SECOND).await);
    assert_eq!((stage, members), (Stage::Sending, 1));
    assert!(waited >= SECOND);
    assert_eq!(take(&mut receiver), 1);
    assert!(receiver.try_recv().is_err(), "it was never sent");
    assert!(!is_full(&channel), "and left the line");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_takes_expires_while_queued() {
    let channel = channel(4);
    let _idle = (channel.join("workers"), channel.join("workers"));
    let (stage, _, members) = expired(channel.request(Number(2)).timeout(SECOND).await);
    assert_eq!((stage, members), (Stage::Queued, 2));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_answered_in_time_expires_while_handling() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)).timeout(SECOND));
    park(&mut request);
    let (_, mut responder) = receiver.try_recv().unwrap().into_parts();
    let (stage, _, members) = expired(request.await);
    assert_eq!((stage, members), (Stage::Handling, 1));
    assert!(responder.is_closed());
    responder.closed().await;
    assert_eq!(responder.send(2), ReplyOutcome::TooLate(2));
    assert_eq!(channel.info().requests.expired, 1);
}

// ---- never early

#[tokio::test(start_paused = true)]
async fn a_request_expires_never_early_and_at_most_one_tick_late() {
    let channel = channel(1_000);
    let _idle = channel.join("workers");
    for micros in [1, 999, 1_000, 1_001, 2_500, 10_000, 33_333, 1_000_000, 59_999_999, 3_600_000_000] {
        // Off the tick, so that rounding shows.
        advance(Duration::from_micros(137)).await;
        let timeout = Duration::from_micros(micros);
        let start = Instant::now();
        let requested = async {
            let (_, waited, _) = expired(channel.request(Number(micros)).timeout(timeout).await);
            (waited, start.elapsed())
        };
        // Tokio rounds its own sleeps up, to one or two ticks.
        let slept = async {
            tokio::time::sleep_until(start + timeout).await;
            start.elapsed()
        };
        let ((waited, elapsed), own) = futures::future::join(requested, slept).await;
        assert!(elapsed >= timeout, "{timeout:?} was early: {elapsed:?}");
        assert!(elapsed <= own + TICK, "{timeout:?} was late: {elapsed:?}, where a sleep takes {own:?}");
        assert!(waited >= timeout && waited <= elapsed, "{timeout:?}: says {waited:?}, took {elapsed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_deadlines_at_once_are_each_kept() {
    let channel = channel(1_000);
    let _idle = channel.join("workers");
    let start = Instant::now();
    let requests = (0..500_u64).map(|number| {
        let timeout = Duration::from_millis(1 + number * 7919 % 5_000);
        let channel = &channel;
        async move {
            expired(channel.request(Number(number)).timeout(timeout).await);
            (timeout, start.elapsed())
        }
    });
    for (timeout, elapsed) in futures::future::join_all(requests).await {
        assert!(elapsed >= timeout && elapsed <= timeout + TICK, "{timeout:?} took {elapsed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_just_before_the_deadline_is_in_time() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)).timeout(SECOND));
    park(&mut request);
    let (_, responder) = receiver.try_recv().unwrap().into_parts();
    advance(SECOND.saturating_sub(TICK)).await;
    assert!(!responder.is_closed());
    assert_eq!(responder.send(2), ReplyOutcome::Received);
    assert_eq!(ready(&mut request), Ok(2));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_received_is_kept_past_the_deadline() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)).timeout(SECOND));
    park(&mut request);
    let (_, responder) = receiver.try_recv().unwrap().into_parts();
    assert_eq!(responder.send(2), ReplyOutcome::Received);
    advance(SECOND * 2).await;
    assert_eq!(ready(&mut request), Ok(2), "the caller was only slow to look");
}

// ---- which deadline

#[tokio::test(start_paused = true)]
async fn the_default_timeout_is_the_channels() {
    let channel = built(|builder| builder.default_timeout(SECOND * 2));
    assert_eq!(channel.default_timeout(), Some(SECOND * 2));
    let start = Instant::now();
    expired(channel.request(Number(1)).await);
    assert!(start.elapsed() >= SECOND * 2 && start.elapsed() <= SECOND * 2 + TICK);
}

#[tokio::test(start_paused = true)]
async fn a_channel_without_default_timeout_waits_for_ever() {
    let channel = built(|builder| builder.no_default_timeout());
    let mut receiver = channel.join("workers");
    assert_eq!(channel.default_timeout(), None);
    let mut request = task::spawn(channel.request(Number(1)));
    park(&mut request);
    advance(Duration::from_secs(1_000_000)).await;
    park(&mut request);
    let (_, responder) = receiver.try_recv().unwrap().into_parts();
    assert_eq!(responder.deadline(), None);
    responder.send(2);
    assert_eq!(ready(&mut request), Ok(2));

    let start = Instant::now();
    expired(channel.request(Number(2)).timeout(SECOND).await);
    assert!(start.elapsed() >= SECOND, "a timeout of its own counts");
}

#[tokio::test(start_paused = true)]
async fn each_call_can_have_its_own_timeout_or_deadline() {
    let channel = built(|builder| builder.default_timeout(SECOND * 2));
    let _idle = channel.join("workers");
    for own in [SECOND, SECOND * 5] {
        let start = Instant::now();
        expired(channel.request(Number(1)).timeout(own).await);
        assert!(start.elapsed() >= own && start.elapsed() <= own + TICK);
        let deadline = Instant::now() + own;
        expired(channel.request(Number(2)).deadline(deadline).await);
        assert!(Instant::now() >= deadline && Instant::now() <= deadline + TICK);
        expired(channel.try_request(Number(3)).timeout(own).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_within_another_ends_with_it() {
    let (outer, inner) = (channel(4), channel(4));
    let mut receiver = outer.join("workers");
    let mut request = task::spawn(outer.request(Number(1)).timeout(SECOND));
    park(&mut request);
    let parent = receiver.try_recv().unwrap();
    let start = Instant::now();
    expired(inner.request(Number(2)).within(&parent).await);
    assert!(start.elapsed() >= SECOND && start.elapsed() <= SECOND + TICK, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn handlers_see_the_deadline() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let deadline = Instant::now() + SECOND * 3;
    let mut request = task::spawn(channel.request(Number(1)).deadline(deadline));
    park(&mut request);
    let delivery = receiver.try_recv().unwrap();
    assert_eq!(delivery.deadline(), Some(deadline));
    assert_eq!(delivery.into_parts().1.deadline(), Some(deadline));
}

#[tokio::test(start_paused = true)]
async fn deadlines_in_the_past_and_beyond_all_time_are_legal() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let now = Instant::now();
    advance(SECOND).await;
    expired(channel.request(Number(1)).deadline(now).await);
    expired(channel.request(Number(2)).timeout(Duration::ZERO).await);
    assert!(receiver.try_recv().is_err(), "no handler got them");
    let mut request = task::spawn(channel.request(Number(3)).timeout(Duration::MAX));
    park(&mut request);
    receiver.try_recv().unwrap().into_parts().1.send(4);
    assert_eq!(ready(&mut request), Ok(4));
}

#[tokio::test(start_paused = true)]
async fn who_has_no_time_left_learns_what_it_would_have_met() {
    let channel = channel(4);
    let stage = |error| match error {
        Err(RequestError::Expired { stage, .. }) => Some(stage),
        _ => None,
    };
    let late = || channel.request(Number(1)).timeout(Duration::ZERO);
    assert_eq!(stage(late().await), Some(Stage::Unserved));
    let _worker = channel.join("workers");
    assert_eq!(stage(late().await), Some(Stage::Sending));
    channel.close();
    assert_eq!(late().await, Err(RequestError::Closed), "to ask again is of no use");
}

// ---- before the handler

#[tokio::test(start_paused = true)]
async fn an_expired_request_is_skipped_before_the_handler_and_counted() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)).timeout(SECOND));
    park(&mut request);
    put(&channel, [2]);
    // Nobody polls the caller: the hand-over itself looks at the clock.
    advance(SECOND + TICK).await;
    assert_eq!(take(&mut receiver), 2);
    let workers = reader(&channel.info(), ReaderKind::Group);
    assert_eq!((workers.taken, workers.skipped.expired, workers.left), (1, 1, 0));
    expired(request.await);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_handler_is_not_handed_an_expired_request() {
    let channel = channel(4);
    let mut first = channel.join("workers");
    let mut second = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)).timeout(SECOND));
    {
        let mut woken_and_slow = task::spawn(first.recv());
        park(&mut woken_and_slow);
        park(&mut request);
        assert!(woken_and_slow.is_woken());
        advance(SECOND + TICK).await;
        park(&mut woken_and_slow);
    }
    assert!(second.try_recv().is_err());
    assert_eq!(expired(request.await).0, Stage::Queued);
}

#[tokio::test(start_paused = true)]
async fn a_request_not_yet_due_is_handed_over() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)).timeout(SECOND));
    park(&mut request);
    advance(SECOND.saturating_sub(TICK)).await;
    assert_eq!(*receiver.try_recv().expect("one tick is left"), Number(1));
}

#[tokio::test(start_paused = true)]
async fn an_expired_request_gives_up_its_place_when_a_sender_finds_the_channel_full() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let mut request = task::spawn(channel.request(Number(2)).timeout(SECOND));
    park(&mut request);
    assert!(is_full(&channel));
    advance(SECOND + TICK).await;
    put(&channel, [3]);
    assert_eq!((take(&mut receiver), take(&mut receiver)), (1, 3));
    expired(request.await);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_sender_gets_the_place_of_a_request_that_expires() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)).timeout(SECOND));
    park(&mut request);
    let mut waiting = task::spawn(channel.send(Number(2)));
    park(&mut waiting);
    advance(SECOND + TICK).await;
    assert!(request.is_woken());
    expired(request.await);
    assert!(waiting.is_woken());
    assert_eq!(ready(&mut waiting), Ok(()));
    assert_eq!(take(&mut receiver), 2);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_a_request_gave_up_goes_to_the_longest_waiter() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)).timeout(SECOND));
    park(&mut request);
    let mut longest = task::spawn(channel.send(Number(2)));
    park(&mut longest);
    // The caller is not polled: the newcomer is the first to see that the request has expired.
    advance(SECOND + TICK).await;
    assert_eq!(channel.try_send(Number(3)), Err(TrySendError::Full(Number(3))));
    assert_eq!(ready(&mut longest), Ok(()));
    assert_eq!(take(&mut receiver), 2);
    expired(request.await);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_expires_with_a_place_granted_passes_it_on() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let mut request = task::spawn(channel.request(Number(2)).timeout(SECOND));
    let mut waiting = task::spawn(channel.send(Number(3)));
    park(&mut request);
    park(&mut waiting);
    assert_eq!(take(&mut receiver), 1);
    assert!(request.is_woken() && !waiting.is_woken());
    advance(SECOND + TICK).await;
    assert_eq!(expired(ready(&mut request)).0, Stage::Sending);
    assert_eq!(ready(&mut waiting), Ok(()));
    assert_eq!(take(&mut receiver), 3);
}

// ---- a request without a group

#[tokio::test(start_paused = true)]
async fn a_request_without_a_group_expires_unserved_and_takes_no_place() {
    let channel = channel(1);
    let mut subscriber = channel.subscribe();
    let mut request = task::spawn(channel.request(Number(1)).timeout(SECOND));
    park(&mut request);
    assert_eq!((channel.len(), channel.info().unserved), (0, 1));
    put(&channel, [2]); // its place is free
    assert_eq!(read_all(&mut subscriber), [2], "and nobody sees what was not accepted");
    let (stage, waited, members) = expired(request.await);
    assert_eq!((stage, members), (Stage::Unserved, 0));
    assert!(waited >= SECOND);
    let info = channel.info();
    assert_eq!((info.unserved, info.requests.asked, info.requests.expired), (0, 0, 0));
    assert!(channel.join("workers").try_recv().is_err(), "it is over");
}

#[tokio::test(start_paused = true)]
async fn requests_that_waited_for_a_group_come_in_their_order_and_before_those_after_it() {
    let channel = channel(2);
    let mut subscriber = channel.subscribe();
    let mut waiting: Vec<_> = (1..=3).map(|n| task::spawn(channel.request(Number(n)))).collect();
    waiting.iter_mut().for_each(park);
    let mut receiver = channel.join("workers");
    let mut after = task::spawn(channel.request(Number(4)));
    park(&mut after); // behind the third, for whom there is no room yet
    assert!(waiting[0].is_woken() && waiting[1].is_woken() && !waiting[2].is_woken());
    // Whatever order they look in, each has the place of its turn.
    waiting.iter_mut().for_each(park);
    park(&mut after);
    for expected in 1..=4 {
        let delivery = receiver.try_recv().expect("accepted by now");
        assert_eq!((delivery.0, delivery.is_request()), (expected, true));
        assert_eq!(subscriber.try_recv(), Ok(Number(expected)), "observers see it when it is accepted");
        delivery.into_parts().1.send(10 * expected);
        waiting.iter_mut().filter(|request| request.is_woken()).for_each(|request| drop(request.poll()));
        let _ = after.is_woken().then(|| after.poll());
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waited_for_a_group_is_answered() {
    let channel = channel(4);
    let mut request = task::spawn(channel.request(Number(1)).timeout(SECOND));
    park(&mut request);
    advance(SECOND / 2).await;
    let mut receiver = channel.join("workers");
    park(&mut request);
    receiver.try_recv().expect("accepted when the group came").into_parts().1.send(5);
    assert_eq!(request.await, Ok(5));
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_group_goes_before_it_is_accepted_waits_for_the_next() {
    let channel = channel(1);
    drop(channel.join("first"));
    put(&channel, [1]);
    let mut request = task::spawn(channel.request(Number(2)).timeout(SECOND));
    park(&mut request);
    let mut send = task::spawn(channel.send(Number(3)));
    park(&mut send);
    channel.remove_group("first");
    assert!(request.is_woken(), "the place is its own");
    park(&mut request);
    assert_eq!(channel.info().unserved, 1, "but there is nobody to take it any more");
    assert_eq!(woken(&mut send), Ok(()), "so the place goes on");
    let mut receiver = channel.join("second");
    assert_eq!(take(&mut receiver), 3);
    park(&mut request);
    assert_eq!(take(&mut receiver), 2);
}

#[test]
fn a_request_that_is_tried_without_a_group_is_unserved_at_once() {
    let channel = channel(4);
    let _subscriber = channel.subscribe();
    assert_eq!(ready(&mut task::spawn(channel.try_request(Number(1)))), Err(RequestError::Unserved));
    let declared = built(|builder| builder.group("workers"));
    let mut request = task::spawn(declared.try_request(Number(1)));
    park(&mut request);
    assert_eq!(take(&mut declared.join("workers")), 1, "a declared group is one");
}

#[test]
fn a_request_that_waits_for_a_group_ends_with_its_caller_and_with_the_close() {
    let channel = channel(4);
    let mut given_up = task::spawn(channel.request(Number(1)));
    let mut refused = task::spawn(channel.request(Number(2)));
    park(&mut given_up);
    park(&mut refused);
    drop(given_up);
    assert_eq!(channel.info().unserved, 1);
    channel.close();
    assert_eq!(woken(&mut refused), Err(RequestError::Closed));
}

// ---- clocks

#[test]
fn a_request_outlives_the_runtime_that_kept_its_time() {
    let channel = channel(4);
    let _idle = channel.join("workers");
    let paused =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut first = task::spawn(channel.request(Number(1)).timeout(SECOND));
    let runtime = paused();
    runtime.block_on(async { park(&mut first) });
    drop(runtime);
    drop(first);
    let elapsed = paused().block_on(async {
        let start = Instant::now();
        expired(channel.request(Number(2)).timeout(SECOND).await);
        start.elapsed()
    });
    assert!(elapsed >= SECOND && elapsed <= SECOND + TICK, "{elapsed:?}");
}

#[test]
fn requests_of_several_runtimes_follow_each_their_own_clock() {
    let channel = channel(100);
    let _idle = channel.join("workers");
    let threads: Vec<_> = (1..=3)
        .map(|seconds| {
            let channel = channel.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .start_paused(true)
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let start = Instant::now();
                    let timeout = SECOND * 1_000 * seconds;
                    expired(channel.request(Number(1)).timeout(timeout).await);
                    assert!(start.elapsed() >= timeout && start.elapsed() <= timeout + TICK);
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_request_that_one_group_handles_gives_its_place_at_the_other_up_when_its_caller_goes() {
    let channel = channel(1);
    let (mut first, mut second) = (channel.join("a"), channel.join("b"));
    let mut asking = task::spawn(channel.request(Number(1)));
    park(&mut asking);
    let handled = first.try_recv().unwrap();
    let mut waiting = task::spawn(channel.send(Number(2)));
    park(&mut waiting);
    drop(asking);
    assert!(woken(&mut waiting).is_ok());
    assert_eq!(take_all(&mut second), [2]);
    drop(handled);
    assert_balanced(&channel.info());
}

// ---- what a deadline leaves behind

/// For how long a paused clock has gone on, where the runtime has nothing to do until another thread has seen it idle.
fn moved_while_idle(prepare: impl AsyncFnOnce()) -> Duration {
    let (parks, parked) = std::sync::mpsc::channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .on_thread_park(move || {
            let _ = parks.send(());
        })
        .build()
        .unwrap();
    runtime.block_on(async {
        prepare().await;
        let start = Instant::now();
        while parked.try_recv().is_ok() {}
        let (done, outside) = tokio::sync::oneshot::channel();
        let helper = std::thread::spawn(move || {
            parked.recv().unwrap();
            // A clock that goes on to an armed timer lets the thread park again.
            let _ = parked.recv_timeout(Duration::from_millis(30));
            done.send(()).unwrap();
        });
        outside.await.unwrap();
        let moved = start.elapsed();
        helper.join().unwrap();
        moved
    })
}

#[test]
fn the_deadline_of_an_answered_request_does_not_move_a_paused_clock() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut requests: Vec<_> =
        (0..4).map(|number| task::spawn(channel.request(Number(number)).timeout(30 * SECOND))).collect();
    let (answered, pending) = requests.split_at_mut(3);
    let moved = moved_while_idle(async || {
        for request in &mut *answered {
            park(request);
            receiver.try_recv().unwrap().into_parts().1.send(7);
            assert_eq!(woken(request), Ok(7));
        }
    });
    assert_eq!(moved, Duration::ZERO);
    let moved = moved_while_idle(async || park(&mut pending[0]));
    assert!(moved >= 30 * SECOND, "that of a request that waits does: {moved:?}");
}

async fn ask_and_expire(channel: &Channel<Number>) {
    let (mut worker, _idle) = (channel.join("workers"), channel.join("workers"));
    let serving = async {
        for _ in 0..5 {
            let (number, responder) = worker.recv().await.unwrap().into_parts();
            responder.send(number.0);
        }
    };
    let asking = async {
        for number in 0..5 {
            let asked = channel.request(Number(number)).timeout(Duration::from_millis(500 + number));
            assert_eq!(asked.await, Ok(number));
        }
    };
    tokio::join!(serving, asking);
    for timeout in 1..4 {
        expired(channel.request(Number(0)).timeout(Duration::from_millis(timeout)).await);
    }
}

#[test]
fn deadlines_leave_no_task_in_the_runtime() {
    for paused in [false, true] {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(paused).build().unwrap();
        runtime.block_on(async {
            let channel = channel(4);
            ask_and_expire(&channel).await;
            let asking = channel.request(Number(0)).timeout(60 * SECOND);
            let mut asking = task::spawn(asking);
            park(&mut asking);
            assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0, "{paused}");
        });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        ask_and_expire(&channel(4)).await;
        assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0, "without a clock");
    });
}
