//! One question, and an answer of many rows: backpressure, and every way in which either side ends it.

use crate::fixtures::{Number, channel, panics, park, put, ready, take, woken};
use futures::{FutureExt, StreamExt};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};
use stratoswarm_core::{
    Ask, Fabric, Message, NoReply, Receiver, ReplyOutcome, ReplyStream, RequestError, Responder, SendError,
    Stage, StreamResponder, TryRecvError, TrySendError,
};
use tokio::time::{Instant, advance};
use tokio_test::task;

const SECOND: Duration = Duration::from_secs(1);

type Rows<'a> = ReplyStream<'a, Number, Number>;
type Row = Option<Result<u64, RequestError>>;

/// Asks, and finds nothing yet.
fn ask(mut rows: Rows<'_>) -> Rows<'_> {
    assert_eq!(now(&mut rows), None);
    rows
}

/// The next row, if one is there.
fn now(rows: &mut Rows<'_>) -> Option<Row> {
    rows.recv().now_or_never()
}

fn responder(member: &mut Receiver<Number>) -> Responder<u64> {
    member.try_recv().expect("it is asked").into_parts().1
}

fn stream(member: &mut Receiver<Number>) -> StreamResponder<u64> {
    responder(member).into_stream()
}

// ---- rows

#[test]
fn rows_come_in_order_and_the_drop_of_the_handlers_end_is_the_end() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    let mut rows = ask(channel.request_stream(Number(7)));
    let mut out = stream(&mut worker);
    for row in 0..3 {
        assert_eq!(out.try_send(row), Ok(()));
    }
    assert_eq!(now(&mut rows), Some(Some(Ok(0))));
    drop(out);
    assert_eq!(now(&mut rows), Some(Some(Ok(1))));
    assert_eq!(now(&mut rows), Some(Some(Ok(2))));
    assert_eq!(now(&mut rows), Some(None));
    assert_eq!(now(&mut rows), Some(None), "and stays ended");
    let counts = channel.info().requests;
    assert_eq!((counts.asked, counts.answered), (1, 1));
}

#[test]
fn nothing_is_asked_before_it_is_polled() {
    let channel = channel(4);
    let _worker = channel.join("workers");
    drop(channel.request_stream(Number(7)));
    assert_eq!((channel.len(), channel.info().requests.asked), (0, 0));
}

#[test]
fn at_most_the_buffer_waits_and_each_row_received_makes_room_for_one() {
    for buffer in [0, 1, 3] {
        let channel = channel(4);
        let mut worker = channel.join("workers");
        let mut rows = ask(channel.request_stream(Number(7)).buffer(buffer));
        let mut out = stream(&mut worker);
        let places = buffer.max(1) as u64;
        for row in 0..places {
            assert_eq!(out.try_send(row), Ok(()), "buffer {buffer}");
        }
        assert_eq!(out.try_send(99), Err(TrySendError::Full(99)));
        for row in 0..5 {
            let mut sending = task::spawn(Box::pin(out.send(places + row)));
            park(&mut sending);
            assert_eq!(now(&mut rows), Some(Some(Ok(row))));
            assert_eq!(woken(&mut sending), Ok(()));
        }
    }
}

#[test]
fn a_waiting_caller_is_woken_by_a_row_and_by_the_end() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    let mut rows = task::spawn(channel.request_stream(Number(7)));
    assert!(rows.poll_next().is_pending());
    let mut out = stream(&mut worker);
    assert!(!rows.is_woken());
    out.try_send(1).unwrap();
    assert!(rows.is_woken());
    assert_eq!(rows.poll_next(), Poll::Ready(Some(Ok(1))));
    assert!(rows.poll_next().is_pending());
    drop(out);
    assert!(rows.is_woken());
    assert_eq!(rows.poll_next(), Poll::Ready(None));
}

#[test]
fn a_recv_of_rows_that_is_dropped_loses_nothing() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    let mut rows = ask(channel.request_stream(Number(7)));
    let mut out = stream(&mut worker);
    {
        let mut recv = task::spawn(Box::pin(rows.recv()));
        park(&mut recv);
        out.try_send(1).unwrap();
        assert!(recv.is_woken());
    }
    assert_eq!(now(&mut rows), Some(Some(Ok(1))));
}

#[test]
fn a_send_of_a_row_that_is_dropped_sends_nothing() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    let mut rows = ask(channel.request_stream(Number(7)).buffer(1));
    let mut out = stream(&mut worker);
    out.try_send(1).unwrap();
    park(&mut task::spawn(Box::pin(out.send(2))));
    assert_eq!(now(&mut rows), Some(Some(Ok(1))));
    assert_eq!(now(&mut rows), None);
    out.try_send(3).unwrap();
    assert_eq!(now(&mut rows), Some(Some(Ok(3))));
}

#[test]
fn a_caller_that_stalls_stops_its_own_handler_only() {
    let channel = channel(4);
    let (mut first, mut second) = (channel.join("workers"), channel.join("workers"));
    let mut stalled = ask(channel.request_stream(Number(1)).buffer(2));
    let mut flowing = ask(channel.request_stream(Number(2)).buffer(2));
    let (mut to_stalled, mut to_flowing) = (stream(&mut first), stream(&mut second));
    to_stalled.try_send(0).unwrap();
    to_stalled.try_send(1).unwrap();
    let mut waiting = task::spawn(Box::pin(to_stalled.send(2)));
    park(&mut waiting);
    for row in 0..100 {
        to_flowing.try_send(row).unwrap();
        assert_eq!(now(&mut flowing), Some(Some(Ok(row))));
    }
    put(&channel, [9]);
    assert_eq!(take(&mut first), 9, "nor does it stop the channel");
    assert!(!waiting.is_woken());
    assert_eq!(now(&mut stalled), Some(Some(Ok(0))));
    assert_eq!(woken(&mut waiting), Ok(()));
}

// ---- the ends

#[test]
fn a_caller_that_goes_tells_its_handler() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    let rows = ask(channel.request_stream(Number(7)).buffer(1));
    let mut out = stream(&mut worker);
    out.try_send(1).unwrap();
    assert!(!out.is_closed());
    let mut sending = task::spawn(Box::pin(out.send(2)));
    park(&mut sending);
    drop(rows);
    assert_eq!(woken(&mut sending), Err(SendError(2)), "the row comes back");
    drop(sending);
    assert!(out.is_closed());
    assert_eq!(out.try_send(3), Err(TrySendError::Closed(3)));

    let rows = ask(channel.request_stream(Number(8)));
    let mut out = stream(&mut worker);
    out.try_send(1).unwrap();
    let mut closed = task::spawn(Box::pin(out.closed()));
    park(&mut closed);
    drop(rows);
    woken(&mut closed);
    drop(closed);
    assert!(task::spawn(std::future::poll_fn(|cx| out.poll_closed(cx))).poll().is_ready());
}

#[test]
fn a_stream_whose_caller_goes_before_a_handler_has_it_is_nobodys_to_do() {
    let channel = channel(1);
    let mut worker = channel.join("workers");
    drop(ask(channel.request_stream(Number(7))));
    put(&channel, [8]); // in its place
    assert_eq!(take(&mut worker), 8);
    assert_eq!(channel.info().requests.abandoned, 1);
}

#[test]
fn a_handler_that_makes_no_stream_leaves_its_caller_unanswered() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    let mut rows = ask(channel.request_stream(Number(7)));
    drop(responder(&mut worker));
    assert_eq!(now(&mut rows), Some(Some(Err(RequestError::Unanswered))));
    assert_eq!(now(&mut rows), Some(None));
    assert_eq!(channel.info().requests.unanswered, 1);
}

#[test]
fn a_stream_without_rows_is_an_answer() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    let mut rows = ask(channel.request_stream(Number(7)));
    drop(stream(&mut worker));
    assert_eq!(now(&mut rows), Some(None));
    assert_eq!(channel.info().requests.answered, 1);
}

#[test]
fn a_handler_that_panics_is_told_from_one_that_is_done() {
    panics();
    for sent in [0, 2] {
        let channel = channel(4);
        let mut worker = channel.join("workers");
        let mut rows = ask(channel.request_stream(Number(7)));
        let mut out = stream(&mut worker);
        let handler = catch_unwind(AssertUnwindSafe(move || {
            for row in 0..sent {
                out.try_send(row).unwrap();
            }
            panic!("as the test wants it");
        }));
        assert!(handler.is_err());
        for row in 0..sent {
            assert_eq!(now(&mut rows), Some(Some(Ok(row))), "what came before");
        }
        assert_eq!(now(&mut rows), Some(Some(Err(RequestError::Unanswered))));
        assert_eq!(now(&mut rows), Some(None));
        let counts = channel.info().requests;
        assert_eq!(counts.answered + counts.unanswered, 1, "{counts:?}");
    }
}

#[test]
fn a_group_that_goes_leaves_its_streams_unanswered() {
    let channel = channel(4);
    let worker = channel.join("workers");
    let mut rows = ask(channel.request_stream(Number(7)));
    drop(worker);
    channel.remove_group("workers");
    assert_eq!(now(&mut rows), Some(Some(Err(RequestError::Unanswered))));
}

// ---- the deadline

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_stream_is_for_its_first_row() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    let mut rows = ask(channel.request_stream(Number(7)).timeout(SECOND));
    let reply = responder(&mut worker);
    assert_eq!(reply.deadline(), Some(Instant::now() + SECOND));
    let mut out = reply.into_stream();
    advance(SECOND / 2).await;
    out.try_send(1).unwrap();
    advance(10 * SECOND).await;
    assert!(!out.is_closed(), "from then on there is none");
    out.try_send(2).unwrap();
    assert_eq!(now(&mut rows), Some(Some(Ok(1))));
    advance(10 * SECOND).await;
    assert_eq!(now(&mut rows), Some(Some(Ok(2))));
    assert_eq!(now(&mut rows), None);
    {
        let mut closed = task::spawn(Box::pin(out.closed()));
        park(&mut closed);
    }
    drop(out);
    assert_eq!(now(&mut rows), Some(None));

    let mut rows = ask(channel.request_stream(Number(7)).timeout(SECOND));
    let mut out = stream(&mut worker);
    advance(SECOND).await;
    assert!(out.is_closed());
    assert_eq!(out.try_send(1), Err(TrySendError::Closed(1)), "though the caller has not looked");
    let expired = now(&mut rows);
    assert!(
        matches!(expired, Some(Some(Err(RequestError::Expired { stage: Stage::Handling, .. })))),
        "{expired:?}"
    );
    assert_eq!(now(&mut rows), Some(None));
}

#[tokio::test(start_paused = true)]
async fn a_stream_expires_in_the_stage_it_has_come_to() {
    let channel = channel(1);
    let stage = |row: Option<Row>| match row {
        Some(Some(Err(RequestError::Expired { stage, .. }))) => stage,
        row => panic!("{row:?}"),
    };
    let mut rows = ask(channel.request_stream(Number(7)).timeout(SECOND));
    advance(SECOND).await;
    assert_eq!(stage(now(&mut rows)), Stage::Unserved);
    let mut worker = channel.join("workers");
    let mut rows = ask(channel.request_stream(Number(7)).timeout(SECOND));
    let mut behind = ask(channel.request_stream(Number(8)).timeout(SECOND));
    advance(SECOND).await;
    assert_eq!(stage(now(&mut behind)), Stage::Sending);
    assert_eq!(stage(now(&mut rows)), Stage::Queued);
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
    assert_eq!(channel.info().requests.expired, 1);
}

#[test]
fn a_stream_expires_outside_tokio() {
    let channel = channel(1);
    let _worker = channel.join("workers");
    let mut rows = channel.request_stream(Number(7)).timeout(Duration::from_millis(5));
    let row = futures::executor::block_on(rows.recv());
    assert!(matches!(row, Some(Err(RequestError::Expired { stage: Stage::Queued, .. }))), "{row:?}");
}

// ---- the close

#[test]
fn a_stream_waits_for_a_group_and_for_room() {
    let channel = channel(1);
    let mut rows = task::spawn(channel.request_stream(Number(7)));
    assert!(rows.poll_next().is_pending());
    assert_eq!(channel.len(), 0);
    let mut worker = channel.join("workers");
    assert!(rows.is_woken());
    assert!(rows.poll_next().is_pending());
    assert_eq!(channel.len(), 1);
    stream(&mut worker).try_send(1).unwrap();
    assert_eq!(rows.poll_next(), Poll::Ready(Some(Ok(1))));
    put(&channel, [2]);
    let mut rows = task::spawn(channel.request_stream(Number(8)));
    assert!(rows.poll_next().is_pending());
    channel.close();
    assert!(rows.is_woken());
    assert_eq!(rows.poll_next(), Poll::Ready(Some(Err(RequestError::Closed))));
    assert_eq!(rows.poll_next(), Poll::Ready(None));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_a_stream_and_then_ends_it() {
    let fabric = Fabric::new();
    let channel = fabric.channel::<Number>("numbers").default_timeout(SECOND).open().unwrap();
    let mut worker = channel.join("workers");
    let mut rows = ask(channel.request_stream(Number(7)));
    let mut out = stream(&mut worker);
    out.try_send(1).unwrap();
    assert_eq!(now(&mut rows), Some(Some(Ok(1))));
    assert_eq!(now(&mut rows), None);
    let report = fabric.shutdown(10 * SECOND).await;
    assert!(!report.is_clean(), "its handler is at work");
    assert!(out.is_closed());
    assert_eq!(out.try_send(2), Err(TrySendError::Closed(2)));
    assert_eq!(now(&mut rows), Some(Some(Err(RequestError::Closed))));
    assert_eq!(now(&mut rows), Some(None));
}

// ---- what is not a stream at one of its ends

#[test]
fn a_reply_is_a_stream_of_one_row() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    let mut rows = ask(channel.request_stream(Number(7)));
    assert_eq!(responder(&mut worker).send(1), ReplyOutcome::Received);
    assert_eq!(now(&mut rows), Some(Some(Ok(1))));
    assert_eq!(now(&mut rows), Some(None));
    let rows = ask(channel.request_stream(Number(7)));
    let reply = responder(&mut worker);
    drop(rows);
    assert_eq!(reply.send(1), ReplyOutcome::TooLate(1));
}

#[test]
fn to_a_caller_of_one_reply_the_first_row_is_that() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    let mut asking = task::spawn(channel.request(Number(7)));
    park(&mut asking);
    let mut out = stream(&mut worker);
    assert!(!out.is_closed());
    assert_eq!(out.try_send(1), Ok(()));
    assert_eq!(out.try_send(2), Err(TrySendError::Closed(2)));
    assert_eq!(woken(&mut asking), Ok(1));
    let mut asking = task::spawn(channel.request(Number(7)));
    park(&mut asking);
    drop(stream(&mut worker));
    assert_eq!(woken(&mut asking), Err(RequestError::Unanswered));
    let mut asking = task::spawn(channel.request_all(Number(7)));
    park(&mut asking);
    assert_eq!(stream(&mut worker).try_send(3), Ok(()));
    assert_eq!(woken(&mut asking).unwrap().replies, [("workers".to_owned(), 3)]);
}

#[test]
fn rows_that_nobody_asked_for_come_back() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    put(&channel, [7]);
    for mut out in [stream(&mut worker), Responder::detached().into_stream()] {
        assert!(!out.is_closed(), "nobody asked, so nobody gave up");
        assert_eq!(out.try_send(1), Err(TrySendError::Closed(1)));
        assert_eq!(ready(&mut task::spawn(Box::pin(out.send(2)))), Err(SendError(2)));
    }
}

#[test]
fn of_several_groups_the_first_with_a_row_is_heard() {
    let channel = channel(4);
    let (mut a, mut b) = (channel.join("a"), channel.join("b"));
    let mut rows = ask(channel.request_stream(Number(7)));
    let (mut from_a, mut from_b) = (stream(&mut a), stream(&mut b));
    from_b.try_send(1).unwrap();
    assert!(from_a.is_closed() && !from_b.is_closed());
    assert_eq!(from_a.try_send(9), Err(TrySendError::Closed(9)));
    drop(from_a);
    from_b.try_send(2).unwrap();
    assert_eq!(now(&mut rows), Some(Some(Ok(1))), "the end of the other is not its end");
    assert_eq!(now(&mut rows), Some(Some(Ok(2))));
    assert_eq!(now(&mut rows), None);
    drop(from_b);
    assert_eq!(now(&mut rows), Some(None));

    let mut rows = ask(channel.request_stream(Number(7)));
    let (reply, mut out) = (responder(&mut a), stream(&mut b));
    drop(reply);
    assert_eq!(now(&mut rows), None, "the other may still answer");
    out.try_send(3).unwrap();
    assert_eq!(now(&mut rows), Some(Some(Ok(3))));
}

#[test]
fn a_stream_of_another_type_is_an_error() {
    #[derive(Clone)]
    struct Query;
    impl Message for Query {
        type Reply = NoReply;
    }
    struct Count;
    impl Ask<Query> for Count {
        type Reply = u64;
        fn into_message(self) -> Query {
            Query
        }
    }
    let channel = Fabric::new().channel::<Query>("queries").open().unwrap();
    let mut worker = channel.join("workers");
    let mut rows = channel.request_stream(Count);
    assert!(rows.recv().now_or_never().is_none());
    let mut out = worker.try_recv().unwrap().into_raw_parts().1.typed::<String>().into_stream();
    assert_eq!(out.try_send("seven".to_owned()), Err(TrySendError::Closed("seven".to_owned())));
    assert_eq!(rows.recv().now_or_never(), Some(Some(Err(RequestError::WrongReplyType))));
}

#[test]
fn a_handler_in_the_middle_of_a_stream_counts_as_in_flight() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    let _rows = ask(channel.request_stream(Number(7)));
    let out = stream(&mut worker);
    assert_eq!(channel.info().readers[0].in_flight, 1);
    drop(out);
    assert_eq!(channel.info().readers[0].in_flight, 0);
}

// ---- under load

#[tokio::test]
async fn a_stream_lets_siblings_run_at_both_ends() {
    let channel = channel(1);
    let mut worker = channel.join("workers");
    let turns = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&turns);
    let sibling = tokio::spawn(async move {
        loop {
            counting.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let turns = || turns.load(Ordering::Relaxed);
    let mut rows = ask(channel.request_stream(Number(7)).buffer(1_000));
    let mut out = stream(&mut worker);
    let before = turns();
    for row in 0..1_000 {
        out.send(row).await.unwrap();
    }
    drop(out);
    let between = turns();
    assert!(between >= before + 5, "{between} - {before} turns beside 1,000 sends");
    for row in 0..1_000 {
        assert_eq!(rows.recv().await, Some(Ok(row)));
    }
    assert_eq!(rows.recv().await, None);
    assert!(turns() >= between + 5, "{} - {between} turns beside 1,000 receives", turns());
    sibling.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_streams_at_once_are_each_whole_and_in_order() {
    let channel = Fabric::new().channel::<Number>("numbers").capacity(2).open().unwrap();
    for _ in 0..3 {
        let mut member = channel.join("workers");
        tokio::spawn(async move {
            while let Some(delivery) = member.recv().await {
                let (Number(most), reply) = delivery.into_parts();
                let mut out = reply.into_stream();
                for row in 0..most {
                    if out.send(row).await.is_err() {
                        break;
                    }
                }
            }
        });
    }
    let callers = (0..4).map(|caller| {
        let channel = channel.clone();
        tokio::spawn(async move {
            for n in 0..200 {
                let most = 10 * caller + n % 30;
                let rows = channel.request_stream(Number(most)).buffer(1 + n as usize % 4);
                if n % 5 == 0 {
                    let some: Vec<_> = rows.take(3).map(|row| row.unwrap()).collect().await;
                    assert_eq!(some, (0..most.min(3)).collect::<Vec<_>>());
                } else {
                    let all: Vec<_> = rows.map(|row| row.unwrap()).collect().await;
                    assert_eq!(all, (0..most).collect::<Vec<_>>());
                }
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}

#[test]
fn a_stream_that_its_group_gives_up_ends_as_a_dead_letter() {
    let channel = channel(4);
    let policy = stratoswarm_core::AckPolicy::explicit().max_deliver(2);
    let mut worker = channel.group("workers").ack(policy).join().unwrap();
    let mut rows = ask(channel.request_stream(Number(7)));
    for _ in 0..2 {
        assert_eq!(now(&mut rows), None);
        drop(worker.try_recv().unwrap());
    }
    assert_eq!(now(&mut rows), Some(Some(Err(RequestError::DeadLettered { attempts: 2 }))));
}
