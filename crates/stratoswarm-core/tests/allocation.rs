//! Memory: the steady state allocates nothing per message, a request at most once, and a burst gives its memory back.
//!
//! The counts are those of the thread that measures, so these tests do not disturb each other.
#![allow(clippy::unwrap_used, clippy::panic)] // a failed `unwrap` is the failure report

use allocation_counter::{AllocationInfo, measure};
use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use stratoswarm_core::{AckPolicy, Broadcast, Channel, Fabric, Message, Mux, Priority};

#[derive(Clone)]
struct Sample([u64; 8]);

impl Message for Sample {
    type Reply = u64;
}

const SAMPLE: Sample = Sample([7; 8]);
const MESSAGES: usize = 10_000;
/// What a longer run may allocate in all: the last steps of growing, not something per message.
const SLACK: u64 = 16;

fn channel(capacity: usize) -> Channel<Sample> {
    Fabric::new().channel("samples").capacity(capacity).open().unwrap()
}

/// The result of a future that need not wait.
fn now<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..3 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("waits")
}

/// Runs `work` once to warm up and once to count.
fn steady(mut work: impl FnMut()) -> AllocationInfo {
    work();
    measure(work)
}

#[test]
fn send_and_recv_do_not_allocate_per_message() {
    let channel = channel(100);
    let mut receiver = channel.join("workers");
    let one_by_one = steady(|| {
        for _ in 0..MESSAGES {
            now(channel.send(SAMPLE)).unwrap();
            assert_eq!(now(receiver.recv()).unwrap().0[0], 7);
        }
    });
    assert!(one_by_one.count_total <= SLACK, "{one_by_one:?}");
    let in_waves = steady(|| {
        for _ in 0..MESSAGES / 100 {
            (0..100).for_each(|_| channel.try_send(SAMPLE).unwrap());
            (0..100).for_each(|_| drop(receiver.try_recv().ok().unwrap()));
        }
    });
    assert!(in_waves.count_total <= SLACK, "{in_waves:?}");
}

#[test]
fn waiting_senders_and_receivers_do_not_allocate_per_message() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    let mut context = Context::from_waker(Waker::noop());
    let counted = steady(|| {
        for _ in 0..MESSAGES {
            {
                let mut recv = pin!(receiver.recv());
                assert!(recv.as_mut().poll(&mut context).is_pending());
                channel.try_send(SAMPLE).unwrap();
                let mut send = pin!(channel.send(SAMPLE));
                assert!(send.as_mut().poll(&mut context).is_pending());
                assert!(send.as_mut().poll(&mut context).is_pending());
                assert!(recv.as_mut().poll(&mut context).is_ready());
                assert!(send.as_mut().poll(&mut context).is_ready());
            }
            assert!(receiver.try_recv().is_ok());
        }
    });
    assert!(counted.count_total <= SLACK, "{counted:?}");
}

#[test]
fn gated_delivery_does_not_allocate_per_message() {
    let channel = channel(100);
    let mut group = channel.join("workers");
    let mut subscribers = [channel.subscribe(), channel.subscribe(), channel.subscribe()];
    let mut tap = channel.tap();
    let counted = steady(|| {
        for turn in 0..MESSAGES {
            now(channel.send(SAMPLE)).unwrap();
            if turn % 50 == 49 {
                (0..50).for_each(|_| assert!(group.try_recv().is_ok()));
                for subscriber in &mut subscribers {
                    (0..50).for_each(|_| assert!(now(subscriber.recv()).is_some()));
                }
                (0..50).for_each(|_| assert!(matches!(tap.try_recv(), Ok(Ok(_)))));
            }
        }
    });
    assert!(counted.count_total <= SLACK, "{counted:?}");
}

#[test]
fn a_broadcast_does_not_allocate_per_message() {
    let events: Broadcast<Sample> = Fabric::new().broadcast("samples").capacity(64).open().unwrap();
    let mut fast = events.subscribe();
    let _slow = events.subscribe();
    let counted = steady(|| {
        for _ in 0..MESSAGES {
            assert_eq!(events.send(SAMPLE).ok(), Some(2));
            assert!(matches!(fast.try_recv(), Ok(Ok(_))));
        }
    });
    assert!(counted.count_total <= SLACK, "{counted:?}");
}

#[test]
fn a_recorder_does_not_allocate_per_look() {
    let samples = channel(1_000);
    let mut worker = samples.join("workers");
    let mut recorder = samples.record().depth(10_000).open().unwrap();
    let mut tape = Vec::with_capacity(1_000);
    let counted = steady(|| {
        for look in 0..MESSAGES / 100 {
            for _ in 0..100 + 150 * (look % 3) {
                assert!(samples.try_send(SAMPLE).is_ok());
                assert!(worker.try_recv().is_ok());
            }
            recorder.drain(&mut tape, 1_000);
            tape.clear();
        }
    });
    assert!(counted.count_total <= SLACK, "{counted:?}");
}

#[test]
fn a_broadcast_that_is_recorded_only_does_not_allocate_per_message() {
    let events: Broadcast<Sample> = Fabric::new().broadcast("samples").capacity(64).open().unwrap();
    let mut recorder = events.record().depth(1_000).open().unwrap();
    let mut tape = Vec::with_capacity(1_000);
    let looked_at = steady(|| {
        for _ in 0..MESSAGES / 100 {
            (0..100).for_each(|_| assert!(events.send(SAMPLE).is_ok()));
            assert_eq!(recorder.drain(&mut tape, 1_000), 100);
            tape.clear();
        }
    });
    assert!(looked_at.count_total <= SLACK, "{looked_at:?}");
    let overflowing = steady(|| (0..MESSAGES).for_each(|_| assert!(events.send(SAMPLE).is_ok())));
    assert!(overflowing.count_total <= SLACK, "{overflowing:?}");
    recorder.drain(&mut tape, 1_000);
    assert_eq!(tape[0].as_ref().map_err(|lagged| lagged.missed).err(), Some(2 * MESSAGES as u64 - 1_000));
}

#[test]
fn a_mux_does_not_allocate_per_message() {
    let channels: Vec<_> = (0..8).map(|_| channel(4)).collect();
    let mut mux = Mux::new();
    for channel in &channels {
        mux = mux.add(channel.subscribe(), Priority::Normal, |sample| sample.0[0]);
    }
    let mut context = Context::from_waker(Waker::noop());
    let counted = steady(|| {
        for n in 0..MESSAGES {
            assert!(pin!(mux.recv()).poll(&mut context).is_pending());
            channels[n % 8].try_send(SAMPLE).unwrap();
            channels[n % 3].try_send(SAMPLE).unwrap();
            assert_eq!((now(mux.recv()), now(mux.recv())), (Some(7), Some(7)));
        }
    });
    assert!(counted.count_total <= SLACK, "{counted:?}");
}

#[test]
fn a_reply_stream_does_not_allocate_per_row() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut rows = channel.request_stream(SAMPLE);
    assert!(pin!(rows.recv()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let mut out = receiver.try_recv().ok().unwrap().into_parts().1.into_stream();
    let counted = steady(|| {
        for _ in 0..MESSAGES {
            now(out.send(7)).unwrap();
            assert_eq!(now(rows.recv()), Some(Ok(7)));
        }
    });
    assert!(counted.count_total <= SLACK, "{counted:?}");
}

#[test]
fn batches_do_not_allocate_per_message() {
    let channel = channel(100);
    let mut receiver = channel.join("workers");
    let (mut batch, mut buffer) = (Vec::new(), Vec::new());
    let counted = steady(|| {
        for _ in 0..MESSAGES / 50 {
            batch.extend(std::iter::repeat_n(SAMPLE, 50));
            now(channel.send_many(&mut batch)).unwrap();
            assert_eq!(now(receiver.recv_many(&mut buffer, 50)), 50);
            buffer.clear();
        }
    });
    assert!(counted.count_total <= SLACK, "{counted:?}");
}

#[test]
fn a_request_allocates_at_most_once() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let channel = channel(100);
    let mut receiver = channel.join("workers");
    // Unconstrained: without yielding the budget of one turn would run out.
    let counted = runtime.block_on(tokio::task::unconstrained(async {
        steady(|| {
            for _ in 0..MESSAGES {
                let mut context = Context::from_waker(Waker::noop());
                let mut request = pin!(channel.request(SAMPLE).timeout(Duration::from_secs(1)));
                assert!(request.as_mut().poll(&mut context).is_pending());
                let (sample, responder) = receiver.try_recv().ok().unwrap().into_parts();
                responder.send(sample.0[0]);
                assert!(matches!(request.as_mut().poll(&mut context), Poll::Ready(Ok(7))));
            }
        })
    }));
    assert!(counted.count_total <= MESSAGES as u64 + SLACK, "{counted:?}");
}

#[test]
fn a_limited_handle_allocates_once_per_message() {
    let channel = channel(100);
    let limited = channel.with_credit(10);
    let mut receiver = channel.join("workers");
    let counted = steady(|| {
        for _ in 0..MESSAGES {
            now(limited.send(SAMPLE)).unwrap();
            assert_eq!(now(receiver.recv()).unwrap().0[0], 7);
        }
    });
    assert!(counted.count_total <= MESSAGES as u64 + SLACK, "{counted:?}");
}

#[test]
fn a_delivery_that_is_to_be_acknowledged_allocates_once_and_to_be_told_of_it_once() {
    let channel = channel(100);
    let mut receiver = channel.group("workers").ack(AckPolicy::explicit()).join().unwrap();
    let counted = steady(|| {
        for _ in 0..MESSAGES {
            channel.try_send(SAMPLE).unwrap();
            receiver.try_recv().ok().unwrap().into_acked().1.ack();
        }
    });
    assert!(counted.count_total <= MESSAGES as u64 + SLACK, "{counted:?}");
    let counted = steady(|| {
        for _ in 0..MESSAGES {
            let mut context = Context::from_waker(Waker::noop());
            let mut sending = pin!(channel.send(SAMPLE).settled());
            assert!(sending.as_mut().poll(&mut context).is_pending());
            receiver.try_recv().ok().unwrap().into_acked().1.ack();
            assert!(sending.as_mut().poll(&mut context).is_ready());
        }
    });
    assert!(counted.count_total <= 2 * MESSAGES as u64 + SLACK, "{counted:?}");
}

const BURST: usize = 100_000;
const BURST_BYTES: u64 = (size_of::<Sample>() * BURST) as u64;

#[track_caller]
fn assert_given_back(counted: &AllocationInfo) {
    assert!(counted.bytes_max >= BURST_BYTES, "the burst was real: {counted:?}");
    assert!(counted.bytes_current <= BURST_BYTES.cast_signed() / 16, "still held: {counted:?}");
}

#[test]
fn a_bursts_memory_is_given_back_after_it_was_drained() {
    let channel = channel(usize::MAX);
    let mut receiver = channel.join("workers");
    let mut subscriber = channel.subscribe();
    let counted = measure(|| {
        (0..BURST).for_each(|_| channel.try_send(SAMPLE).unwrap());
        while receiver.try_recv().is_ok() {}
        while subscriber.try_recv().is_ok() {}
    });
    assert_given_back(&counted);
    // A group alone.
    drop(subscriber);
    let counted = measure(|| {
        (0..BURST).for_each(|_| channel.try_send(SAMPLE).unwrap());
        while receiver.try_recv().is_ok() {}
    });
    assert_given_back(&counted);
}

#[test]
fn of_a_burst_of_large_messages_half_a_mebibyte_is_kept_at_most() {
    #[derive(Clone)]
    struct Page([u8; 4_096]);
    impl Message for Page {
        type Reply = ();
    }
    let pages = Fabric::new().channel::<Page>("pages").capacity(1_000).open().unwrap();
    let mut receiver = pages.join("workers");
    let counted = measure(|| {
        (0..1_000).for_each(|_| pages.try_send(Page([7; 4_096])).unwrap());
        while receiver.try_recv().is_ok_and(|page| page.0[0] == page.0[4_095]) {}
    });
    assert!(counted.bytes_max >= 4_096_000, "the burst was real: {counted:?}");
    assert!(counted.bytes_current <= 512 * 1_024, "still held: {counted:?}");
}

#[test]
fn a_bursts_memory_is_given_back_while_traffic_goes_on() {
    let channel = channel(usize::MAX);
    let mut receiver = channel.join("workers");
    let counted = measure(|| {
        (0..BURST).for_each(|_| channel.try_send(SAMPLE).unwrap());
        (0..BURST - 2).for_each(|_| drop(receiver.try_recv().ok().unwrap()));
        // The reader always finds another one.
        for _ in 0..MESSAGES {
            channel.try_send(SAMPLE).unwrap();
            drop(receiver.try_recv().ok().unwrap());
        }
    });
    assert_given_back(&counted);
}

#[test]
fn a_bursts_memory_is_given_back_when_its_reader_leaves() {
    let channel = channel(usize::MAX);
    let counted = measure(|| {
        let subscriber = channel.subscribe();
        (0..BURST).for_each(|_| channel.try_send(SAMPLE).unwrap());
        drop(subscriber);
        assert!(channel.is_empty());
    });
    assert_given_back(&counted);
    let counted = measure(|| {
        drop(channel.join("workers"));
        (0..BURST).for_each(|_| channel.try_send(SAMPLE).unwrap());
        assert_eq!(channel.remove_group("workers"), BURST);
    });
    assert_given_back(&counted);
}

#[test]
fn an_idle_channel_costs_no_memory_for_its_capacity() {
    let counted = steady(|| {
        let channel = channel(1_000_000);
        let receiver = channel.join("workers");
        channel.try_send(SAMPLE).unwrap();
        drop((channel, receiver));
    });
    assert!(counted.bytes_max < 64 * 1024, "{counted:?}");
    assert_eq!(counted.bytes_current, 0, "all is given back with the last handle: {counted:?}");
}

#[test]
fn topics_that_come_and_go_cost_no_memory() {
    let fabric = Fabric::new();
    let counted = measure(|| {
        for number in 0..10_000 {
            let name = format!("topic {number}");
            let ephemeral = number % 2 == 0;
            let builder = fabric.channel::<Sample>(&name);
            let topic = if ephemeral { builder.ephemeral() } else { builder }.open().unwrap();
            let receiver = topic.join("workers");
            topic.try_send(SAMPLE).unwrap(); // and nobody takes it
            if !ephemeral {
                topic.close();
            }
            drop((topic, receiver));
        }
    });
    assert!(counted.bytes_current < 100_000, "{counted:?}");
    assert!(counted.bytes_max < 200_000, "{counted:?}");
}

#[test]
fn messages_whose_bytes_are_bounded_do_not_allocate_per_message() {
    let channel = Fabric::new().channel::<Sample>("samples").capacity(100).max_bytes(1 << 20).open().unwrap();
    let (mut receiver, mut subscriber) = (channel.join("workers"), channel.subscribe());
    let charged = steady(|| {
        for _ in 0..MESSAGES {
            now(channel.send(SAMPLE)).unwrap();
            channel.try_send(SAMPLE).unwrap();
            for _ in 0..2 {
                assert_eq!(now(receiver.recv()).unwrap().0[0], 7);
                assert!(now(subscriber.recv()).is_some());
            }
        }
    });
    assert!(charged.count_total <= SLACK, "{charged:?}");
    let waves = steady(|| {
        for _ in 0..MESSAGES / 50 {
            (0..50).for_each(|_| now(channel.send(SAMPLE)).unwrap());
            (0..50).for_each(|_| drop((now(receiver.recv()), now(subscriber.recv()))));
        }
    });
    assert!(waves.count_total <= SLACK, "{waves:?}");
}
