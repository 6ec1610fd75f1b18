use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{task::JoinSet, time::sleep};

use super::{
    ballot::{Ballot, Move},
    history::History,
    lease_spec::{LIFE, LeaseCall, LeaseSpec},
    ledger_spec::{LedgerCall, LedgerSpec},
    register_spec::{RegisterCall, RegisterSpec},
};
use crate::{
    Consensus, Fate, ProposeError, Undecided,
    log::Dice,
    node::{Reply, Settled},
    replica::{Body, LeaseAnswer, LeaseCommand},
};

/// What all clients of a trial write into.
pub(super) struct Histories {
    pub(super) register: History<RegisterSpec>,
    pub(super) ledger: History<LedgerSpec>,
    pub(super) lease: History<LeaseSpec>,
}

/// A node, which may be killed and opened anew meanwhile.
pub(super) type Slot = Arc<Mutex<Option<Consensus<Ballot>>>>;

/// One client of one node: calls one after the other, and goes on while it does not know what became of one.
pub(super) struct Client {
    pub(super) slot: Slot,
    pub(super) histories: Arc<Histories>,
    pub(super) dice: Dice,
    pub(super) number: u64,
}

/// What became of a call.
enum End<R> {
    Answer(R),
    Never,
    /// The node was killed: nobody will say.
    Open,
}

impl Client {
    pub(super) async fn run(mut self, calls: u64) {
        let mut undecided = JoinSet::new();
        let mut token = None;
        for nth in 1..=calls {
            sleep(Duration::from_millis(self.dice.below(1_500))).await;
            let Some(node) = self.slot.lock().clone() else { continue };
            let value = self.number * 1_000 + nth;
            match self.dice.below(6) {
                0 => self.command(&node, &mut undecided, Move::Swap(value)).await,
                1 | 2 => {
                    let cores = 1 + self.dice.below(3);
                    self.command(&node, &mut undecided, Move::Grant(cores)).await;
                }
                3 => self.read(&node).await,
                _ => self.lease(&node, &mut token).await,
            }
        }
        while undecided.join_next().await.is_some() {}
    }

    fn life(&mut self) -> Duration {
        Duration::from_millis(300 + self.dice.below(5_000))
    }

    async fn command(&mut self, node: &Consensus<Ballot>, undecided: &mut JoinSet<()>, command: Move) {
        let call = match command {
            Move::Swap(value) => self.histories.register.call(RegisterCall::Swap(value)),
            Move::Grant(cores) => self.histories.ledger.call(LedgerCall::Grant(cores)),
        };
        let (histories, is_swap) = (Arc::clone(&self.histories), matches!(command, Move::Swap(_)));
        let note = move |end: End<Option<u64>>| match end {
            End::Answer(answer) if is_swap => histories.register.answer(call, answer.unwrap()),
            End::Answer(answer) => histories.ledger.answer(call, answer),
            End::Never if is_swap => histories.register.never(call),
            End::Never => histories.ledger.never(call),
            End::Open => {}
        };
        match node.propose(command).timeout(self.life()).await {
            Ok(committed) => note(End::Answer(committed.response)),
            Err(ProposeError::Unknown(pending)) => {
                undecided.spawn(async move { note(end(pending.fate().await)) });
            }
            Err(ProposeError::Never) => note(End::Never),
            Err(ProposeError::Stopped(_) | ProposeError::Purged { .. }) => note(End::Open),
            Err(other) => panic!("{other}"),
        }
    }

    async fn read(&mut self, node: &Consensus<Ballot>) {
        let life = self.life();
        let register = self.histories.register.call(RegisterCall::Read);
        let ledger = self.histories.ledger.call(LedgerCall::Read);
        match node.read(|ballot| (ballot.register, ballot.granted)).timeout(life).await {
            Ok((value, granted)) => {
                self.histories.register.answer(register, value);
                self.histories.ledger.answer(ledger, Some(granted));
            }
            Err(_) => {
                self.histories.register.never(register);
                self.histories.ledger.never(ledger);
            }
        }
    }

    async fn lease(&mut self, node: &Consensus<Ballot>, token: &mut Option<u64>) {
        let name = || "leader".to_owned();
        let (call, command) = match *token {
            Some(held) if self.dice.below(3) == 0 => {
                (LeaseCall::Release(held), LeaseCommand::Release(name(), held))
            }
            Some(held) => (LeaseCall::Renew(held), LeaseCommand::Renew(name(), held, LIFE)),
            None => (LeaseCall::Acquire, LeaseCommand::Acquire(name(), LIFE)),
        };
        let id = self.histories.lease.call(call);
        let end = match node.node().submit(Body::Lease(command), Reply::Lease, self.life()).await {
            Ok(submission) => match submission.settled {
                Some(Settled::Committed(committed)) => End::Answer(committed.response),
                Some(Settled::Never) => End::Never,
                Some(_) => End::Open,
                None => end(Undecided::of(submission, node.node()).fate().await),
            },
            Err(_) => End::Never,
        };
        match end {
            End::Answer(answer) => {
                *token = match answer {
                    LeaseAnswer::Granted { token, .. } => Some(token),
                    _ => None,
                };
                self.histories.lease.answer(id, answer);
            }
            End::Never => self.histories.lease.never(id),
            End::Open => *token = None,
        }
    }
}

fn end<R>(fate: Fate<R>) -> End<R> {
    match fate {
        Fate::Committed(committed) => End::Answer(committed.response),
        Fate::Never => End::Never,
        _ => End::Open,
    }
}
