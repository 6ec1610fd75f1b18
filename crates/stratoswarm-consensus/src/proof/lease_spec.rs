use stateright::semantics::SequentialSpec;

use crate::replica::LeaseAnswer;

/// What a lease does, one call after the other. Which answer is right depends on when the log judged, which the answer says: time must
/// not fall, and tokens grow.
#[derive(Clone, Debug, Default)]
pub(super) struct LeaseSpec {
    now: u64,
    highest: u64,
    held: Held,
}

#[derive(Clone, Debug, Default)]
enum Held {
    #[default]
    Free,
    By(u64, u64),
    /// A call whose answer nobody got may have been judged at any time: what follows says what it did.
    Unclear,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum LeaseCall {
    Acquire,
    Renew(u64),
    Release(u64),
}

/// How long a lease of these histories lasts, in nanoseconds.
pub(super) const LIFE: u64 = 10_000_000_000;

impl SequentialSpec for LeaseSpec {
    type Op = LeaseCall;
    type Ret = LeaseAnswer;

    /// Only of calls without an answer.
    fn invoke(&mut self, _call: &LeaseCall) -> LeaseAnswer {
        self.held = Held::Unclear;
        LeaseAnswer::Gone { now: self.now }
    }

    fn is_valid_step(&mut self, call: &LeaseCall, answer: &LeaseAnswer) -> bool {
        let (LeaseAnswer::Granted { now, .. }
        | LeaseAnswer::Taken { now, .. }
        | LeaseAnswer::Gone { now }
        | LeaseAnswer::Released { now }) = *answer;
        if now < self.now {
            return false;
        }
        self.now = now;
        let held = match self.held {
            Held::By(token, until) if now <= until => Some((token, until)),
            _ => None,
        };
        let unclear = matches!(self.held, Held::Unclear);
        match (call, *answer) {
            (LeaseCall::Acquire, LeaseAnswer::Granted { token, until, now }) => {
                let is_right = held.is_none() && token > self.highest && until == now + LIFE;
                (self.highest, self.held) = (token, Held::By(token, until));
                is_right
            }
            (LeaseCall::Acquire, LeaseAnswer::Taken { token, until, .. }) => {
                if unclear && token >= self.highest {
                    (self.highest, self.held) = (token, Held::By(token, until));
                    return true;
                }
                held == Some((token, until))
            }
            (LeaseCall::Renew(mine), LeaseAnswer::Granted { token, until, now }) => {
                let is_right = *mine == token
                    && until == now + LIFE
                    && (unclear || held.is_some_and(|it| it.0 == token));
                self.held = Held::By(token, until);
                is_right
            }
            (LeaseCall::Release(mine), LeaseAnswer::Released { .. }) => {
                let is_right = unclear || held.is_some_and(|it| it.0 == *mine);
                self.held = Held::Free;
                is_right
            }
            (LeaseCall::Renew(mine) | LeaseCall::Release(mine), LeaseAnswer::Gone { .. }) => {
                unclear || held.is_none_or(|it| it.0 != *mine)
            }
            _ => false,
        }
    }
}
