//! The ways to read in the model, all with the same outcome: numbers, nothing, or the end.

use crate::fixtures::Number;
use proptest::{prelude::*, test_runner::TestCaseResult};
use std::{future::Future, task::Poll};
use stratoswarm_core::{Delivery, Lagged, Receiver, Subscriber, TryRecvError};
use tokio_test::task;

/// What a tap says must continue its sequence; a gap moves it on.
pub(crate) fn hear(
    next: &mut usize,
    accepted: &[u64],
    heard: &Result<Result<Number, Lagged>, TryRecvError>,
    ended: bool,
) -> TestCaseResult {
    let available = accepted.len() - *next;
    match heard {
        Ok(Ok(Number(number))) => {
            prop_assert!(available > 0);
            prop_assert_eq!(*number, accepted[*next]);
            *next += 1;
        }
        Ok(Err(lagged)) => {
            prop_assert!(lagged.missed > 0 && lagged.missed <= available as u64, "{lagged:?} of {available}");
            *next += usize::try_from(lagged.missed).unwrap();
        }
        Err(TryRecvError::Closed) => prop_assert!(available == 0 && ended),
        Err(_) => prop_assert!(available == 0 && !ended),
    }
    Ok(())
}

#[derive(Clone, Copy)]
pub(crate) enum Way {
    Try,
    Once,
    Many(usize),
}

pub(crate) enum Got {
    Numbers(Vec<u64>),
    Nothing,
    End,
}

impl Way {
    pub(crate) fn receiver(self, receiver: &mut Receiver<Number>) -> Got {
        let number = |delivery: Delivery<Number>| delivery.into_message().0;
        match self {
            Self::Try => tried(receiver.try_recv().map(number)),
            Self::Once => polled(receiver.recv(), |delivery| delivery.map(|delivery| vec![number(delivery)])),
            Self::Many(limit) => {
                let mut buffer = Vec::new();
                let got = polled(receiver.recv_many(&mut buffer, limit), |count| (count > 0).then(Vec::new));
                filled(got, buffer.into_iter().map(number).collect(), limit)
            }
        }
    }

    pub(crate) fn subscriber(self, subscriber: &mut Subscriber<Number>) -> Got {
        match self {
            Self::Try => tried(subscriber.try_recv().map(|number| number.0)),
            Self::Once => polled(subscriber.recv(), |number| number.map(|number| vec![number.0])),
            Self::Many(limit) => {
                let mut buffer = Vec::new();
                let got =
                    polled(subscriber.recv_many(&mut buffer, limit), |count| (count > 0).then(Vec::new));
                filled(got, buffer.into_iter().map(|number| number.0).collect(), limit)
            }
        }
    }
}

fn tried(got: Result<u64, TryRecvError>) -> Got {
    match got {
        Ok(number) => Got::Numbers(vec![number]),
        Err(TryRecvError::Closed) => Got::End,
        Err(_) => Got::Nothing,
    }
}

/// Polled until it waits, then dropped: cancelled.
fn polled<F: Future>(future: F, numbers: impl FnOnce(F::Output) -> Option<Vec<u64>>) -> Got {
    let mut recv = task::spawn(future);
    for _ in 0..10 {
        match recv.poll() {
            Poll::Ready(output) => return numbers(output).map_or(Got::End, Got::Numbers),
            Poll::Pending if recv.is_woken() => {}
            Poll::Pending => return Got::Nothing,
        }
    }
    panic!("wakes itself for ever")
}

fn filled(got: Got, numbers: Vec<u64>, limit: usize) -> Got {
    assert!(numbers.len() <= limit);
    match got {
        Got::Numbers(_) => Got::Numbers(numbers),
        got => {
            assert!(numbers.is_empty());
            got
        }
    }
}
