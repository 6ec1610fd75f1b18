//! Places kept before the messages are made: how many, whose they are, and what the end makes of them.

use crate::{
    fixtures::{park, ready, woken},
    terms::{closing_with_readers, free, next},
};
use stratoswarm_core::{Delivery, ReserveManyError, TryRecvError, TrySendError, channel};
use tokio_test::task;

// ---- one place

#[test]
fn a_used_permit_frees_its_place_with_the_read_and_an_unused_one_with_its_drop() {
    let channel = channel::<u32>(2);
    let mut worker = channel.join("workers");
    let (used, unused) = (channel.try_reserve().unwrap(), channel.try_reserve().unwrap());
    let (mut first, mut second) = (task::spawn(channel.reserve()), task::spawn(channel.reserve()));
    park(&mut first);
    park(&mut second);

    used.send(1);
    assert!(!first.is_woken(), "the message has the place");
    assert_eq!(next(&mut worker), 1);
    assert!(first.is_woken() && !second.is_woken());
    drop(unused);
    assert!(second.is_woken());
    park(&mut task::spawn(channel.reserve())); // both places are promised
}

#[test]
fn a_place_that_is_kept_is_nobody_elses_until_it_is_let_go() {
    let channel = channel::<&str>(1);
    let mut worker = channel.join("workers");
    let permit = channel.try_reserve().unwrap();
    assert!(matches!(channel.try_reserve(), Err(TrySendError::Full(()))));
    permit.send("foo");
    assert_eq!(next(&mut worker), "foo");
    drop(channel.try_reserve().unwrap());
    let again = channel.try_reserve();
    assert!(again.is_ok());
}

#[test]
fn a_permit_that_is_dropped_unused_serves_who_waits() {
    let channel = channel::<u32>(1);
    let permit = channel.try_reserve().unwrap();
    let mut waiting = task::spawn(channel.reserve());
    park(&mut waiting);
    drop(permit);
    assert!(woken(&mut waiting).is_ok());
}

// ---- several places

#[test]
fn more_places_than_the_capacity_are_refused_at_once() {
    let channel = channel::<()>(1);
    for asked in [2, u32::MAX as usize, usize::MAX] {
        let refused = ready(&mut task::spawn(channel.reserve_many(asked))).err();
        assert_eq!(refused, Some(ReserveManyError::TooMany { asked, capacity: 1 }));
        assert!(matches!(channel.try_reserve_many(asked), Err(TrySendError::Full(()))));
    }
    assert_eq!(free(&channel), 1);
    channel.close();
    assert!(matches!(channel.try_reserve_many(2), Err(TrySendError::Closed(()))));
}

#[test]
fn no_places_can_be_waited_for_while_there_is_room_and_not_after_the_close() {
    let channel = closing_with_readers::<()>(1);
    let worker = channel.join("workers");
    assert_eq!(ready(&mut task::spawn(channel.reserve_many(0))).unwrap().count(), 0);
    drop(worker);
    assert_eq!(ready(&mut task::spawn(channel.reserve_many(0))).err(), Some(ReserveManyError::Closed));
    assert!(matches!(channel.try_reserve_many(0), Err(TrySendError::Closed(()))));
}

#[test]
fn no_places_can_be_had_at_a_full_channel_without_waiting() {
    let channel = channel::<()>(1);
    let _worker = channel.join("workers");
    channel.try_send(()).unwrap();
    assert_eq!(ready(&mut task::spawn(channel.reserve_many(0))).unwrap().count(), 0);
}

#[test]
fn no_places_can_be_tried_for_at_an_empty_channel_and_at_a_full_one() {
    let channel = channel::<()>(1);
    let _worker = channel.join("workers");
    assert_eq!(channel.try_reserve_many(0).unwrap().count(), 0);
    channel.try_send(()).unwrap();
    assert_eq!(channel.try_reserve_many(0).unwrap().count(), 0);
}

#[test]
fn several_places_are_refused_once_the_channel_is_closed() {
    let channel = closing_with_readers::<()>(100);
    drop(channel.join("workers"));
    assert!(matches!(channel.try_reserve_many(10), Err(TrySendError::Closed(()))));
    assert_eq!(ready(&mut task::spawn(channel.reserve_many(10))).err(), Some(ReserveManyError::Closed));
}

#[tokio::test]
async fn permits_of_several_places_are_used_one_by_one_between_reads() {
    let channel = channel::<usize>(100);
    let mut worker = channel.join("workers");
    for count in 1..100 {
        for (permit, n) in channel.reserve_many(count).await.unwrap().zip(0..) {
            permit.send(n);
            assert_eq!(next(&mut worker), n);
        }
        for (permit, n) in channel.try_reserve_many(count).unwrap().zip(0..) {
            permit.send(n);
            assert_eq!(next(&mut worker), n);
        }
        assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
    }
}

#[test]
fn of_several_places_those_not_used_are_free_again_and_the_others_after_the_read() {
    for places in 1..40 {
        for used in 0..places {
            let channel = channel::<usize>(places);
            let mut worker = channel.join("workers");
            let permits = channel.try_reserve_many(places).unwrap();
            assert_eq!((permits.len(), free(&channel)), (places, 0));
            assert!(matches!(channel.try_reserve_many(1), Err(TrySendError::Full(()))));

            permits.take(used).for_each(|permit| permit.send(0));
            assert_eq!(free(&channel), places - used);
            assert!(channel.try_reserve_many(places - used).is_ok());
            assert!(matches!(channel.try_reserve_many(places - used + 1), Err(TrySendError::Full(()))));

            (0..used).for_each(|_| assert_eq!(next(&mut worker), 0));
            assert_eq!(free(&channel), places);
        }
    }
}

#[test]
fn several_places_that_are_let_go_serve_who_waits_for_as_many() {
    for places in 1..100 {
        let channel = channel::<u32>(places);
        let permits = channel.try_reserve_many(places).unwrap();
        let mut waiting = task::spawn(channel.reserve_many(places));
        park(&mut waiting);
        drop(permits);
        let granted = woken(&mut waiting).unwrap();
        assert_eq!((granted.len(), free(&channel)), (places, 0));
        drop(granted);
        assert_eq!(free(&channel), places);
    }
}

// ---- the end

#[test]
fn after_the_close_a_reader_waits_for_the_permits_that_are_out_and_refuses_who_waits() {
    let channel = channel::<u32>(1);
    let mut worker = channel.join("workers");
    let permit = channel.try_reserve().unwrap();
    let mut waiting = task::spawn(channel.reserve());
    park(&mut waiting);

    worker.close();
    assert!(woken(&mut waiting).is_err());
    let mut recv = task::spawn(worker.recv());
    park(&mut recv);
    permit.send(123);
    assert_eq!(woken(&mut recv).map(Delivery::into_message), Some(123));
    drop(recv);
    assert!(ready(&mut task::spawn(worker.recv())).is_none());
}

#[test]
fn to_a_reader_that_does_not_wait_the_channel_is_empty_until_the_last_permit_has_gone() {
    let channel = channel::<()>(5);
    let mut worker = channel.join("workers");
    let permit = channel.try_reserve().unwrap();
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
    worker.close();
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
    drop(permit);
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
}

#[test]
fn the_last_permit_wakes_the_reader_of_a_closed_channel_used_or_dropped() {
    for used in [true, false] {
        let channel = channel::<u32>(100);
        let mut worker = channel.join("workers");
        let permit = channel.try_reserve().unwrap();
        worker.close();
        let mut recv = task::spawn(worker.recv());
        park(&mut recv);
        if used {
            permit.send(7);
        } else {
            drop(permit);
        }
        assert_eq!(woken(&mut recv).map(Delivery::into_message), used.then_some(7));
    }
}

#[test]
fn the_last_of_several_permits_wakes_the_reader_of_a_closed_channel() {
    let channel = channel::<u32>(100);
    let mut worker = channel.join("workers");
    let mut permits = channel.try_reserve_many(2).unwrap();
    worker.close();
    let mut recv = task::spawn(worker.recv());
    park(&mut recv);
    drop(permits.next());
    park(&mut recv);
    drop(permits);
    assert!(woken(&mut recv).is_none());
}

#[test]
fn the_last_owned_permit_wakes_the_reader_of_a_closed_channel_used_dropped_or_released() {
    for ending in ["used", "dropped", "released"] {
        let channel = channel::<u32>(100);
        let mut worker = channel.join("workers");
        let permit = channel.try_reserve_owned().unwrap();
        worker.close();
        let mut recv = task::spawn(worker.recv());
        park(&mut recv);
        let handle = match ending {
            "used" => Some(permit.send(7)),
            "released" => Some(permit.release()),
            _ => {
                drop(permit);
                None
            }
        };
        assert!(recv.is_woken(), "{ending}, with its handle alive: {}", handle.is_some());
        let got = woken(&mut recv).map(Delivery::into_message);
        assert_eq!(got, (ending == "used").then_some(7), "{ending}");
    }
}

#[test]
fn an_owned_permit_keeps_the_channel_open_where_no_other_handle_does() {
    let channel = channel::<u32>(10);
    let worker = channel.join("workers");
    let permit = channel.try_reserve_owned().unwrap();
    assert!(!worker.is_closed());
    drop(permit);
    assert!(worker.is_closed());
}

#[test]
fn a_reservation_that_still_waits_at_the_close_keeps_no_reader_from_the_end() {
    for dropped in [true, false] {
        let channel = channel::<u32>(2);
        let mut worker = channel.join("workers");
        let permit = channel.try_reserve().unwrap();
        let mut two = task::spawn(channel.reserve_many(2)); // one is free; it has none before it has both
        park(&mut two);
        worker.close();
        let mut recv = task::spawn(worker.recv());
        park(&mut recv);
        drop(permit);
        assert!(woken(&mut recv).is_none(), "whatever becomes of the reservation");
        if dropped {
            drop(two);
        } else {
            assert_eq!(woken(&mut two).err(), Some(ReserveManyError::Closed));
        }
    }
}

#[test]
fn a_place_that_was_granted_and_not_taken_up_before_the_close_is_refused_and_keeps_no_reader_from_the_end() {
    for dropped in [true, false] {
        let channel = channel::<u32>(1);
        let mut worker = channel.join("workers");
        let permit = channel.try_reserve().unwrap();
        let mut waiting = task::spawn(channel.reserve());
        park(&mut waiting);
        drop(permit);
        assert!(waiting.is_woken());
        worker.close();
        assert!(ready(&mut task::spawn(worker.recv())).is_none(), "whatever becomes of the reservation");
        if dropped {
            drop(waiting);
        } else {
            assert!(woken(&mut waiting).is_err());
        }
    }
}

#[test]
fn a_permit_that_goes_after_the_close_serves_nobody_who_was_refused_by_it() {
    let channel = channel::<()>(1);
    let mut worker = channel.join("workers");
    let permit = channel.try_reserve().unwrap();
    let mut waiting = task::spawn(channel.reserve());
    park(&mut waiting);
    worker.close();
    drop(permit);
    assert!(waiting.is_woken());
    drop(waiting);
    assert!(ready(&mut task::spawn(worker.recv())).is_none());
}
