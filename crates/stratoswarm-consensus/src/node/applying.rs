use std::{sync::Arc, time::Duration};

use stratoswarm_core::Subscriber;
use tokio::time::Instant;

use super::{
    Decided, Event, Node, Stopped,
    snapshots::{Job, PAUSE},
    status::Status,
    waiting::Verdict,
};
use crate::{
    Machine, Read, Stored,
    replica::{Digest, Fault, LeaseAnswer, Outcome, Step, StepKind},
};

/// By how much the log's clock may be off a node's before that is told.
const CLOCK_MOVED: Duration = Duration::from_secs(5);

/// How many digests of own states are kept, to be compared with those that others tell.
const POINTS: usize = 16;

/// What a stretch of entries leads to, once the lock is released.
struct Effects<M: Machine> {
    decided: Vec<Decided<M::Command>>,
    events: Vec<Event>,
    jobs: Vec<Job>,
}

/// Reads the log and applies it, until the node stops.
pub(super) async fn run<M: Machine>(node: Arc<Node<M>>) {
    // What it reads itself makes room at once: so only other subscribers hold the applying up, and a channel without any none.
    let mut own = node.decided.subscribe();
    if let Err(why) = follow(&node, &mut own).await {
        node.stop(&why);
    }
}

async fn follow<M: Machine>(
    node: &Arc<Node<M>>,
    own: &mut Subscriber<Decided<M::Command>>,
) -> Result<(), Stopped> {
    if let Some(replica) = node.load(0).await {
        node.status.lock().jump(replica, node.session);
    }
    loop {
        let next = node.status.lock().replica.index() + 1;
        let mut reader = node.log.reader(next);
        let gap = loop {
            match reader.next().await {
                Ok(Read::Entries(entries)) => {
                    let (effects, end) = node.apply(&entries);
                    node.publish(effects, own).await;
                    if let Some(first) = end? {
                        break Some(first);
                    }
                }
                Ok(Read::Gap { first }) => break Some(first),
                Err(_) => break None,
            }
        };
        let Some(first) = gap else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let replica = node.load(first.saturating_sub(1)).await.ok_or(Stopped::Purged { first })?;
        node.status.lock().jump(replica, node.session);
        node.progress.notify_waiters();
    }
}

impl<M: Machine> Node<M> {
    /// Applies the entries that come next. Ends before one that is not the next, and says its index.
    fn apply(&self, entries: &[Stored]) -> (Effects<M>, Result<Option<u64>, Stopped>) {
        let mut effects = Effects { decided: Vec::new(), events: Vec::new(), jobs: Vec::new() };
        let mut status = self.status.lock();
        let mut end = Ok(None);
        for stored in entries {
            let next = status.replica.index() + 1;
            if stored.index < next {
                continue;
            }
            if stored.index > next {
                end = Ok(Some(stored.index));
                break;
            }
            if let Err(why) = self.step(&mut status, stored, &mut effects) {
                end = Err(why);
                break;
            }
        }
        drop(status);
        self.progress.notify_waiters();
        (effects, end)
    }

    fn step(&self, status: &mut Status<M>, stored: &Stored, effects: &mut Effects<M>) -> Result<(), Stopped> {
        let (expected, before) = (Duration::from_nanos(status.now()), status.replica.time());
        if self.options.plant.is(Fault::LeaseByLocalClock) {
            let ahead = self.session % 30_000_000_000;
            status.replica.set_local_time(status.now() + ahead);
        }
        let strict = status.strict;
        let step = status.replica.step(stored, strict)?;
        status.heard = Instant::now();
        if strict {
            let fell = Duration::from_nanos(before).saturating_sub(stored.time);
            let by = stored.time.saturating_sub(expected).max(fell);
            if by > CLOCK_MOVED {
                effects.events.push(Event::ClockMoved { index: stored.index, by });
            }
        }
        if step.differs {
            effects.events.push(Event::Rewritten { index: stored.index });
        }
        let session = step.session;
        self.settle(status, step, effects)?;
        status.expire();
        if stored.index.is_multiple_of(self.options.snapshot_every) {
            self.note_point(status, session, effects);
        }
        Ok(())
    }

    /// Tells whoever waits for this entry here.
    fn settle(&self, status: &mut Status<M>, step: Step<M>, effects: &mut Effects<M>) -> Result<(), Stopped> {
        let Step { session, serial, at, kind, .. } = step;
        let index = at.index;
        let is_own = session == self.session;
        match kind {
            StepKind::Foreign => effects.events.push(Event::Foreign { index }),
            StepKind::Barrier if is_own => {
                status.strict = true;
                if let Some(waiter) = status.barriers.remove(&serial) {
                    // Whoever has dropped it does not want to know.
                    let _ = waiter.send(());
                }
            }
            StepKind::Barrier => {}
            StepKind::Command(outcome, command) => match outcome {
                Outcome::Applied(response) => {
                    if is_own && let Some(reply) = status.take(serial) {
                        reply.command(index, response);
                    }
                    effects.decided.push(Decided { at, command });
                }
                other => self.settle_refused(status, (session, serial), &other),
            },
            StepKind::Lease(outcome, name) => match outcome {
                Outcome::Applied(answer) => {
                    match answer {
                        LeaseAnswer::Granted { token, .. } if token == index => {
                            effects.events.push(Event::Lease { name, token: Some(token) });
                        }
                        LeaseAnswer::Released { .. } => {
                            effects.events.push(Event::Lease { name, token: None });
                        }
                        _ => {}
                    }
                    if is_own && let Some(reply) = status.take(serial) {
                        reply.lease(index, answer);
                    }
                }
                other => self.settle_refused(status, (session, serial), &other),
            },
            StepKind::Snapshot(at, digest) => {
                effects.jobs.extend(self.judge_snapshot(status, session, (at, digest))?);
            }
            StepKind::Confirm(at) => {
                if let Some((event, job)) = self.judge_confirmation(status, session, at) {
                    effects.events.push(event);
                    effects.jobs.extend(job);
                }
            }
        }
        Ok(())
    }

    fn settle_refused<R>(&self, status: &mut Status<M>, (session, serial): (u64, u64), outcome: &Outcome<R>) {
        if session != self.session {
            return;
        }
        // What has expired is told once the log's time is past it; what is a copy was told with the first.
        if let Outcome::Changed(last) = outcome
            && let Some(reply) = status.take(serial)
        {
            reply.say(Verdict::Changed(*last));
        }
    }

    /// A snapshot is due here. Whoever proposed the entry writes it, so that one does, and the nodes need not agree on who.
    fn note_point(&self, status: &mut Status<M>, session: u64, effects: &mut Effects<M>) {
        let body = match status.replica.to_snapshot() {
            Ok(body) => body,
            Err(why) => {
                tracing::error!(target: "stratoswarm_consensus", why, "the state cannot be encoded: no snapshot");
                return;
            }
        };
        let (at, digest) = (status.replica.index(), Digest::of(&[&body]));
        if status.points.len() == POINTS {
            status.points.pop_front();
        }
        status.points.push_back((at, digest));
        if session == self.session {
            effects.jobs.push(Job::Write(at, body, digest));
        }
    }

    async fn publish(self: &Arc<Self>, effects: Effects<M>, own: &mut Subscriber<Decided<M::Command>>) {
        for event in effects.events {
            self.tell(event);
        }
        for job in effects.jobs {
            let node = Arc::clone(self);
            tokio::spawn(async move { node.work(job).await });
        }
        for decided in effects.decided {
            // Closed once the node has stopped: nobody is to read it then.
            if let Err(refused) = self.decided.try_send(decided) {
                let _ = self.decided.send(refused.into_inner()).await;
            }
            let _ = own.try_recv();
        }
    }
}
