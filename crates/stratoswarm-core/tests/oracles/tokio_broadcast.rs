//! A broadcast: what each subscriber gets, what it is told it missed, and what each side can tell of the other.

use crate::{
    fixtures::{panics, park, ready, without_deadlock, woken},
    terms::{heard, hears_nothing, is_over, missed, send_all},
};
use futures::task::{ArcWake, noop_waker_ref, waker};
use static_assertions::assert_impl_all;
use std::{future::Future, pin::pin, sync::Arc, task::Context};
use stratoswarm_core::{Broadcast, LossySubscriber, WeakBroadcast, broadcast};
use tokio_test::task;

assert_impl_all!(Broadcast<i32>: Send, Sync);
assert_impl_all!(LossySubscriber<i32>: Send, Sync);
assert_impl_all!(WeakBroadcast<i32>: Send, Sync);

// ---- what is sent is heard

#[test]
fn a_send_says_how_many_will_hear_it_and_each_hears_it_once() {
    let news = broadcast(16);
    let mut first = news.subscribe();
    assert!(hears_nothing(&mut first));
    assert_eq!(news.send("hello"), Ok(1));
    assert_eq!(heard(&mut first), "hello");

    let mut second = news.subscribe();
    assert_eq!(news.send("again"), Ok(2));
    assert_eq!((heard(&mut first), heard(&mut second)), ("again", "again"));
    assert!(hears_nothing(&mut first) && hears_nothing(&mut second));
}

#[test]
fn a_send_wakes_every_subscriber_that_waits_and_no_other() {
    let news = broadcast(16);
    let (mut first, mut second) = (news.subscribe(), news.subscribe());
    {
        let (mut one, mut two) = (task::spawn(first.recv()), task::spawn(second.recv()));
        park(&mut one);
        park(&mut two);
        news.send("hello").unwrap();
        assert_eq!((woken(&mut one), woken(&mut two)), (Some(Ok("hello")), Some(Ok("hello"))));
    }
    let (mut one, mut two) = (task::spawn(first.recv()), task::spawn(second.recv()));
    park(&mut one);
    news.send("world").unwrap();
    assert!(!two.is_woken(), "it does not wait yet");
    assert_eq!((woken(&mut one), ready(&mut two)), (Some(Ok("world")), Some(Ok("world"))));
}

#[test]
fn who_polled_last_is_woken_when_a_wait_moves_to_another_task() {
    let news = broadcast(1);
    let mut subscriber = news.subscribe();
    let mut recv = pin!(subscriber.recv());
    let (mut first, mut second) = (task::spawn(()), task::spawn(()));
    for task in [&mut first, &mut second] {
        task.enter(|cx, _| assert!(recv.as_mut().poll(cx).is_pending()));
    }
    news.send("hello").unwrap();
    assert!(second.is_woken() && !first.is_woken());
}

#[test]
fn a_subscriber_that_is_slow_hears_the_same_in_the_same_order() {
    let news = broadcast(16);
    let (mut quick, mut slow) = (news.subscribe(), news.subscribe());
    let mut later = task::spawn(slow.recv());
    park(&mut later);
    {
        let mut now = task::spawn(quick.recv());
        park(&mut now);
        news.send("one").unwrap();
        assert!(later.is_woken());
        news.send("two").unwrap();
        assert_eq!(woken(&mut now), Some(Ok("one")));
    }
    assert_eq!(ready(&mut task::spawn(quick.recv())), Some(Ok("two")));
    let mut now = task::spawn(quick.recv());
    park(&mut now);
    news.send("three").unwrap();
    assert_eq!(woken(&mut now), Some(Ok("three")));

    assert_eq!(ready(&mut later), Some(Ok("one")));
    drop(later);
    assert_eq!((heard(&mut slow), heard(&mut slow)), ("two", "three"));
}

#[tokio::test]
async fn sending_and_hearing_in_a_loop_lets_others_have_their_turn() {
    let news = broadcast(8);
    let mut subscriber = news.subscribe();
    tokio::select! {
        biased;
        () = async {
            loop {
                news.send(()).unwrap();
                assert_eq!(subscriber.recv().await, Some(Ok(())));
            }
        } => {}
        () = tokio::task::yield_now() => {}
    }
}

// ---- nobody there

#[test]
fn a_message_that_nobody_is_there_for_is_no_error_and_is_gone() {
    let news = broadcast(16);
    assert_eq!(news.send("hello"), Ok(0));
    let mut subscriber = news.subscribe();
    assert_eq!(news.send("world"), Ok(1));
    assert_eq!(heard(&mut subscriber), "world");
}

#[test]
fn what_the_last_subscriber_has_not_heard_goes_with_it() {
    let message = Arc::new(());
    let news = broadcast(16);
    let (mut first, second) = (news.subscribe(), news.subscribe());
    news.send(Arc::clone(&message)).unwrap();
    news.send(Arc::clone(&message)).unwrap();
    drop(heard(&mut first));
    drop(second);
    assert_eq!(Arc::strong_count(&message), 2, "one is unheard still");
    drop(first);
    assert_eq!(Arc::strong_count(&message), 1);
}

#[test]
fn who_waits_for_the_readers_to_go_is_woken_by_the_last() {
    let news = broadcast::<()>(1);
    let (first, second) = (news.subscribe(), news.subscribe());
    let mut gone = task::spawn(news.readers_gone());
    park(&mut gone);
    drop(first);
    assert!(!gone.is_woken());
    drop(second);
    woken(&mut gone);
    ready(&mut task::spawn(news.readers_gone()));
}

#[test]
fn who_waits_for_the_readers_to_go_waits_on_where_another_came_meanwhile() {
    let news = broadcast::<()>(1);
    let first = news.subscribe();
    let mut gone = task::spawn(news.readers_gone());
    park(&mut gone);
    drop(first);
    assert!(gone.is_woken());
    let second = news.subscribe();
    park(&mut gone);
    drop(second);
    woken(&mut gone);

    let third = news.subscribe();
    let mut gone = task::spawn(news.readers_gone());
    park(&mut gone);
    drop(third);
    woken(&mut gone);
}

#[test]
fn before_the_first_reader_came_the_readers_have_not_gone() {
    let news = broadcast::<()>(1);
    let mut gone = task::spawn(news.readers_gone());
    park(&mut gone);
    let reader = news.subscribe();
    park(&mut gone);
    drop(reader);
    woken(&mut gone);
}

// ---- the end

#[test]
fn every_subscriber_that_waits_learns_of_the_end_with_the_last_handle() {
    let news = broadcast::<()>(16);
    let another = news.clone();
    let (mut first, mut second) = (news.subscribe(), news.subscribe());
    let (mut one, mut two) = (task::spawn(first.recv()), task::spawn(second.recv()));
    park(&mut one);
    park(&mut two);
    drop(news);
    park(&mut one);
    park(&mut two);
    drop(another);
    assert_eq!((woken(&mut one), woken(&mut two)), (None, None));
}

#[test]
fn what_was_sent_before_the_end_is_heard_and_so_is_the_gap_before_it() {
    // capacity, how many are sent, how many of them are missed
    for (capacity, sent, gap) in [(1, 1, 0), (1, 2, 1), (2, 2, 0), (2, 3, 1), (2, 4, 2)] {
        let news = broadcast(capacity);
        let mut subscriber = news.subscribe();
        send_all(&news, 1..=sent);
        drop(news);
        if gap > 0 {
            assert_eq!(missed(&mut subscriber), u64::from(gap));
        }
        for n in gap + 1..=sent {
            assert_eq!(heard(&mut subscriber), n);
        }
        assert!(is_over(&mut subscriber));
    }
}

// ---- further subscribers

#[test]
fn a_subscriber_made_of_another_starts_at_the_next_message_and_disturbs_it_not() {
    let news = broadcast(3);
    let mut subscriber = news.subscribe();
    send_all(&news, [1]);
    let mut again = subscriber.resubscribe();
    assert!(hears_nothing(&mut again));
    assert_eq!(heard(&mut subscriber), 1);
    send_all(&news, [2]);
    assert_eq!(heard(&mut again), 2);
    send_all(&news, [3]);
    assert_eq!((heard(&mut subscriber), heard(&mut subscriber)), (2, 3));
    assert_eq!(heard(&mut again), 3);
    assert!(hears_nothing(&mut subscriber) && hears_nothing(&mut again));
}

#[test]
fn a_subscriber_made_of_one_that_lags_does_not_lag() {
    let news = broadcast(1);
    let mut subscriber = news.subscribe();
    send_all(&news, [1, 2]);
    let mut again = subscriber.resubscribe();
    assert_eq!(missed(&mut subscriber), 1);
    assert!(hears_nothing(&mut again));
    assert_eq!(heard(&mut subscriber), 2);
    assert!(hears_nothing(&mut subscriber) && hears_nothing(&mut again));
}

#[test]
fn a_subscriber_made_after_the_end_finds_the_end() {
    let news = broadcast::<u32>(2);
    let subscriber = news.subscribe();
    send_all(&news, [1]);
    drop(news);
    assert!(is_over(&mut subscriber.resubscribe()));
}

// ---- other people's code

/// Panics when it is cloned, if it is 0.
#[derive(Debug, PartialEq, Eq)]
struct Brittle(u32);

impl Clone for Brittle {
    fn clone(&self) -> Self {
        assert_ne!(self.0, 0, "as the test wants it");
        Self(self.0)
    }
}

#[test]
fn a_message_that_panics_when_it_is_cloned_is_a_gap_for_that_reader() {
    panics();
    let news = broadcast(16);
    let (mut first, _second) = (news.subscribe(), news.subscribe()); // for one alone nothing is cloned
    news.send(Brittle(0)).unwrap();
    news.send(Brittle(1)).unwrap();
    assert_eq!(missed(&mut first), 1);
    assert_eq!(heard(&mut first), Brittle(1));
    let readers = news.info().readers;
    assert_eq!(readers.iter().map(|reader| reader.skipped.panicked).collect::<Vec<_>>(), [1, 0]);
}

/// A waker that sends when it is dropped.
struct Parting(Broadcast<()>);

impl Drop for Parting {
    fn drop(&mut self) {
        self.0.send(()).unwrap();
    }
}

impl ArcWake for Parting {
    fn wake_by_ref(_: &Arc<Self>) {}
}

#[test]
fn a_waker_may_send_when_it_is_replaced() {
    without_deadlock(|| {
        let news = broadcast(16);
        let mut subscriber = news.subscribe();
        {
            let mut recv = pin!(subscriber.recv());
            let parting = waker(Arc::new(Parting(news.clone())));
            assert!(recv.as_mut().poll(&mut Context::from_waker(&parting)).is_pending());
            drop(parting);
            assert!(news.is_empty());
            let _ = recv.as_mut().poll(&mut Context::from_waker(noop_waker_ref()));
        }
        assert_eq!(news.info().sent, 1);
    });
}

#[test]
fn a_waker_may_send_when_it_was_woken() {
    without_deadlock(|| {
        let news = broadcast(16);
        let mut subscriber = news.subscribe();
        let mut recv = pin!(subscriber.recv());
        let parting = waker(Arc::new(Parting(news.clone())));
        assert!(recv.as_mut().poll(&mut Context::from_waker(&parting)).is_pending());
        drop(parting);
        news.send(()).unwrap();
        assert_eq!(news.info().sent, 2);
    });
}
