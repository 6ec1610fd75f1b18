//! The model checker's suite of what has several answers or several channels; see [`model`](crate::model).

use std::{pin::pin, task::Poll};

use loom::{future::block_on, thread};

use crate::{
    error::{RequestError, SendError},
    model::{Asked, Number, channel, channel_of, check, poll_once},
    request::ReplyOutcome,
};

fn mux(readers: impl IntoIterator<Item = crate::Receiver<Number>>) -> crate::Mux<u32> {
    let source = |mux: crate::Mux<u32>, reader| {
        mux.add(reader, crate::Priority::Normal, |delivery: crate::Delivery<Number>| delivery.0)
    };
    readers.into_iter().fold(crate::Mux::new(), source)
}

/// Messages come to both sources, and their ends, while the mux looks, and while it falls asleep.
#[test]
fn a_mux_sleeps_through_nothing() {
    check(2, || {
        let (first, second) = (channel(2), channel(2));
        let mut mux = mux([first.join("workers"), second.join("workers")]);
        let sending = thread::spawn(move || {
            second.try_send(Number(2)).unwrap();
            drop(second);
            first.try_send(Number(1)).unwrap();
        });
        let mut got: Vec<_> = std::iter::from_fn(|| block_on(mux.recv())).collect();
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        sending.join().unwrap();
    });
}

/// A message comes while a mux waits for it, returns for another source or is given up, and is polled no more: the other
/// member gets it.
#[test]
fn a_mux_that_goes_its_way_keeps_no_member_from_its_message() {
    check(3, || {
        let (other, shared) = (channel(1), channel(1));
        let mut second = shared.join("workers");
        let mut mux = mux([other.join("workers"), shared.join("workers")]);
        let receiving = thread::spawn(move || block_on(second.recv()).map(|delivery| delivery.0));
        assert!(poll_once(&mut mux.recv()).is_pending());
        other.try_send(Number(1)).unwrap();
        shared.try_send(Number(2)).unwrap();
        let next = poll_once(&mut mux.recv());
        assert_eq!(next, Poll::Ready(Some(1)), "the first to be woken");
        assert_eq!(receiving.join().unwrap(), Some(2));
        drop((mux, other, shared));
    });
}

/// Rows come while the caller looks, and while it falls asleep; and it makes room while the handler falls asleep.
#[test]
fn each_row_is_received_and_then_the_end() {
    check(2, || {
        let questions = channel_of::<Asked>(1);
        let mut worker = questions.join("workers");
        let handling = thread::spawn(move || {
            let mut out = block_on(worker.recv()).unwrap().into_parts().1.into_stream();
            for row in 0..3 {
                block_on(out.send(row)).unwrap();
            }
        });
        let mut rows = questions.request_stream(Asked(0)).buffer(1);
        for row in 0..3 {
            assert_eq!(block_on(rows.recv()), Some(Ok(row)));
        }
        assert_eq!(block_on(rows.recv()), None);
        handling.join().unwrap();
    });
}

/// The caller goes while its handler sends, or waits for room.
#[test]
fn a_handler_is_told_when_its_caller_goes() {
    check(3, || {
        let questions = channel_of::<Asked>(1);
        let mut worker = questions.join("workers");
        let mut rows = questions.request_stream(Asked(0)).buffer(1);
        assert!(poll_once(&mut pin!(rows.recv())).is_pending());
        let mut out = worker.try_recv().unwrap().into_parts().1.into_stream();
        let handling = thread::spawn(move || {
            let first = block_on(out.send(1));
            assert!(matches!(first, Ok(()) | Err(SendError(1))));
            assert_eq!(block_on(out.send(2)), Err(SendError(2)), "there was room for one");
        });
        drop(rows);
        handling.join().unwrap();
        drop((worker, questions));
    });
}

/// One group answers while another is removed: the caller learns of both.
#[test]
fn a_caller_learns_of_every_group_that_answers_or_goes() {
    check(2, || {
        let questions = channel_of::<Asked>(1);
        let (mut first, second) = (questions.join("first"), questions.join("second"));
        let remover = questions.clone();
        let mut asking = questions.request_all(Asked(0));
        assert!(poll_once(&mut asking).is_pending());
        let removing = thread::spawn(move || {
            remover.remove_group("second");
            drop((second, remover));
        });
        assert_eq!(first.try_recv().unwrap().reply(7), ReplyOutcome::Received);
        let gathered = block_on(asking).unwrap();
        assert_eq!(
            (gathered.replies, gathered.missing),
            (vec![("first".to_owned(), 7)], vec!["second".to_owned()])
        );
        removing.join().unwrap();
        drop((first, questions));
    });
}

/// Of two groups that answer at once one makes the quorum, and the other is told that it is too late.
#[test]
fn a_quorum_takes_as_many_replies_as_it_wants() {
    check(2, || {
        let questions = channel_of::<Asked>(1);
        let (mut first, mut second) = (questions.join("first"), questions.join("second"));
        let mut asking = questions.request_all(Asked(0)).quorum(1);
        assert!(poll_once(&mut asking).is_pending());
        let answering = thread::spawn(move || second.try_recv().map(|asked| asked.reply(2)));
        let own = first.try_recv().map(|asked| asked.reply(1));
        let other = answering.join().unwrap();
        let received = [own, other].iter().filter(|it| **it == Ok(ReplyOutcome::Received)).count();
        assert_eq!(received, 1);
        let result: Result<_, RequestError> = block_on(asking);
        assert_eq!(result.unwrap().replies.len(), 1);
        drop((first, questions));
    });
}
