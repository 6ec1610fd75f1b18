//! Channels of one budget beside a model of it: who gets in when, and what is charged.

use std::{collections::VecDeque, future::Future, pin::Pin};

use crate::budget::{Load, of};
use proptest::prelude::*;
use stratoswarm_core::{Budget, Channel, Receiver, SendError, Subscriber};
use tokio_test::task::{self, Spawn};

#[derive(Debug, Clone, Copy)]
enum Op {
    Send(usize, usize),
    Try(usize, usize),
    Take(usize),
    Read(usize),
    Cancel(usize),
    Settle,
    Close(usize),
    Remove(usize),
    Permit(usize, usize),
}

fn op() -> impl Strategy<Value = Op> {
    let weight = || prop_oneof![4 => 0..12usize, 2 => 10..40usize, 1 => 40..150usize];
    let channel = || 0..CHANNELS;
    prop_oneof![
        8 => (channel(), weight()).prop_map(|(at, weight)| Op::Send(at, weight)),
        4 => (channel(), weight()).prop_map(|(at, weight)| Op::Try(at, weight)),
        8 => channel().prop_map(Op::Take),
        8 => channel().prop_map(Op::Read),
        2 => any::<usize>().prop_map(Op::Cancel),
        4 => Just(Op::Settle),
        1 => prop::sample::select(vec![1, 2]).prop_map(Op::Close),
        1 => channel().prop_map(Op::Remove),
        1 => (channel(), weight()).prop_map(|(at, weight)| Op::Permit(at, weight)),
    ]
}

const CHANNELS: usize = 3;
const CAPACITY: usize = 100;

/// One channel: what it has, in the plainest words.
struct Account {
    minimum: usize,
    /// Accepted: the weight, and whether the group and the subscriber have yet to take it.
    messages: Vec<(usize, bool, bool)>,
    closed: bool,
}

/// A send that waits for bytes, or was granted them.
struct Waiting {
    ticket: usize,
    at: usize,
    weight: usize,
    granted: bool,
}

struct Model {
    accounts: Vec<Account>,
    waiting: Vec<Waiting>,
}

impl Model {
    fn used(&self, at: usize) -> usize {
        let left = self.accounts[at].messages.iter().filter(|(_, group, subscriber)| *group || *subscriber);
        let granted = self.waiting.iter().filter(|it| it.at == at && it.granted).map(|it| it.weight);
        left.map(|(weight, ..)| weight).sum::<usize>() + granted.sum::<usize>()
    }

    fn beyond(&self, at: usize, more: usize) -> usize {
        (self.used(at) + more).saturating_sub(self.accounts[at].minimum)
    }

    fn needs(&self, at: usize, weight: usize) -> usize {
        self.beyond(at, weight) - self.beyond(at, 0)
    }

    fn fits_shared(&self, at: usize, weight: usize) -> bool {
        let shared: usize = CAPACITY - self.accounts.iter().map(|it| it.minimum).sum::<usize>();
        let used: usize = (0..CHANNELS).map(|at| self.beyond(at, 0)).sum();
        used + self.needs(at, weight) <= shared || self.used(at) == 0 && used == 0
    }

    /// Whether one that is behind these in line may come in.
    fn admits(&self, at: usize, weight: usize, before: &[Waiting]) -> bool {
        let mut before = before.iter().filter(|it| !it.granted);
        let own = self.needs(at, weight) == 0;
        !before.any(|it| it.at == at || !own) && (own || self.fits_shared(at, weight))
    }

    /// Grants everything that can be granted, one after the other, looking at all from the start each time.
    fn serve(&mut self) {
        while let Some(next) = (0..self.waiting.len()).find(|next| {
            let it = &self.waiting[*next];
            !it.granted && self.admits(it.at, it.weight, &self.waiting[..*next])
        }) {
            self.waiting[next].granted = true;
        }
    }

    fn take(&mut self, at: usize, of: fn(&mut (usize, bool, bool)) -> &mut bool) -> Option<usize> {
        let mut messages = self.accounts[at].messages.iter_mut();
        let weight = messages.find_map(|message| std::mem::take(of(message)).then_some(message.0))?;
        self.accounts[at].messages.retain(|(_, group, subscriber)| *group || *subscriber);
        self.serve();
        Some(weight)
    }
}

type Sends<'a> = VecDeque<(usize, Spawn<Pin<Box<dyn Future<Output = Result<(), SendError<Load>>> + 'a>>>)>;

struct Readers {
    group: Option<Receiver<Load>>,
    subscriber: Subscriber<Load>,
}

/// Polls all: those get in that were granted something, and have been told.
fn settle(sends: &mut Sends<'_>, model: &mut Model, readers: &[Readers]) -> Result<(), TestCaseError> {
    let mut left = Sends::new();
    while let Some((ticket, mut send)) = sends.pop_front() {
        let place = model.waiting.iter().position(|it| it.ticket == ticket).unwrap();
        let Waiting { at, weight, granted, .. } = model.waiting[place];
        if !granted {
            prop_assert!(send.poll().is_pending());
            left.push_back((ticket, send));
            continue;
        }
        prop_assert!(send.is_woken(), "granted, and not told");
        prop_assert_eq!(crate::fixtures::ready(&mut send), Ok(()));
        model.waiting.remove(place);
        model.accounts[at].messages.push((weight, readers[at].group.is_some(), true));
    }
    *sends = left;
    Ok(())
}

/// Those of a channel that closes get their messages back.
fn refuse(sends: &mut Sends<'_>, model: &mut Model, at: usize) -> Result<(), TestCaseError> {
    let (refused, left) = std::mem::take(&mut model.waiting).into_iter().partition(|it| it.at == at);
    model.waiting = left;
    let refused: Vec<Waiting> = refused;
    for Waiting { ticket, weight, .. } in refused {
        let place = sends.iter().position(|(of, _)| *of == ticket).unwrap();
        let (_, mut send) = sends.remove(place).unwrap();
        prop_assert_eq!(crate::fixtures::woken(&mut send), Err(SendError(Load(weight))));
    }
    Ok(())
}

proptest! {
    /// Sends come in in the model's order and no sooner, everything taken is given back, and nobody waits for what is free.
    #[test]
    fn channels_of_one_budget_are_admitted_as_a_model_says(
        minima in prop_oneof![Just([0, 0, 0]), Just([10, 30, 0]), Just([40, 20, 40])],
        ops in prop::collection::vec(op(), 1..120),
    ) {
        let budget = Budget::new("memory", CAPACITY);
        let channels: Vec<Channel<Load>> =
            minima.iter().enumerate().map(|(at, minimum)| of(&budget, &at.to_string(), *minimum)).collect();
        let mut readers: Vec<_> = channels
            .iter()
            .map(|channel| Readers { group: Some(channel.join("workers")), subscriber: channel.subscribe() })
            .collect();
        let accounts = minima.map(|minimum| Account { minimum, messages: Vec::new(), closed: false });
        let mut model = Model { accounts: accounts.into(), waiting: Vec::new() };
        let mut sends = Sends::new();
        for (ticket, op) in ops.into_iter().enumerate() {
            match op {
                Op::Send(at, weight) | Op::Try(at, weight) => {
                    settle(&mut sends, &mut model, &readers)?; // whoever was granted something is accepted before
                    let closed = model.accounts[at].closed;
                    let admitted = !closed && model.admits(at, weight, &model.waiting);
                    let sent = if matches!(op, Op::Try(..)) {
                        channels[at].try_send(Load(weight)).is_ok()
                    } else {
                        let mut send: Spawn<Pin<Box<dyn Future<Output = _>>>> =
                            task::spawn(Box::pin(channels[at].send(Load(weight))));
                        match send.poll() {
                            std::task::Poll::Ready(sent) => sent.is_ok(),
                            std::task::Poll::Pending => {
                                model.waiting.push(Waiting { ticket, at, weight, granted: false });
                                sends.push_back((ticket, send));
                                false
                            }
                        }
                    };
                    prop_assert_eq!(sent, admitted, "{:?}", op);
                    if sent {
                        let group = readers[at].group.is_some();
                        model.accounts[at].messages.push((weight, group, true));
                    }
                }
                Op::Take(at) => {
                    if let Some(group) = &mut readers[at].group {
                        let taken = group.try_recv().ok().map(|load| load.0);
                        prop_assert_eq!(taken, model.take(at, |message| &mut message.1));
                    }
                }
                Op::Read(at) => {
                    let taken = readers[at].subscriber.try_recv().ok().map(|load| load.0);
                    prop_assert_eq!(taken, model.take(at, |message| &mut message.2));
                }
                Op::Cancel(which) => {
                    let Some(which) = which.checked_rem(sends.len()) else { continue };
                    let (ticket, send) = sends.remove(which).unwrap();
                    drop(send);
                    model.waiting.retain(|it| it.ticket != ticket);
                    model.serve();
                }
                Op::Settle => settle(&mut sends, &mut model, &readers)?,
                Op::Close(at) => {
                    settle(&mut sends, &mut model, &readers)?;
                    channels[at].close();
                    model.accounts[at].closed = true;
                    model.accounts[at].minimum = 0;
                    refuse(&mut sends, &mut model, at)?;
                    model.serve();
                }
                Op::Remove(at) => {
                    settle(&mut sends, &mut model, &readers)?;
                    if readers[at].group.take().is_some() {
                        channels[at].remove_group("workers");
                        model.accounts[at].messages.iter_mut().for_each(|message| message.1 = false);
                        model.accounts[at].messages.retain(|(_, _, subscriber)| *subscriber);
                        model.serve();
                    }
                }
                Op::Permit(at, weight) => {
                    settle(&mut sends, &mut model, &readers)?;
                    let size = size_of::<Load>();
                    let admitted = !model.accounts[at].closed && model.admits(at, size, &model.waiting);
                    let permit = channels[at].try_reserve();
                    prop_assert_eq!(permit.is_ok(), admitted);
                    if let Ok(permit) = permit {
                        permit.send(Load(weight));
                        model.accounts[at].messages.push((weight, readers[at].group.is_some(), true));
                        model.serve();
                    }
                }
            }
            let used: Vec<_> = (0..CHANNELS).map(|at| model.used(at)).collect();
            let charged: Vec<_> = channels.iter().map(|channel| channel.info().bytes).collect();
            prop_assert_eq!(&charged, &used, "after {:?}", op);
            prop_assert_eq!(budget.used(), used.iter().sum::<usize>());
            for (ticket, send) in &sends {
                let granted = model.waiting.iter().any(|it| it.ticket == *ticket && it.granted);
                prop_assert!(send.is_woken() || !granted, "granted, and not told");
            }
        }
        // Everybody who waits gets in, or his message back, once all is taken.
        for _ in 0..1_000 {
            settle(&mut sends, &mut model, &readers)?;
            for (at, reader) in readers.iter_mut().enumerate() {
                if let Some(group) = &mut reader.group {
                    while group.try_recv().is_ok() {
                        model.take(at, |message| &mut message.1);
                    }
                }
                while reader.subscriber.try_recv().is_ok() {
                    model.take(at, |message| &mut message.2);
                }
            }
            if sends.is_empty() && budget.used() == 0 {
                break;
            }
        }
        prop_assert_eq!((sends.len(), budget.used()), (0, 0));
    }
}
