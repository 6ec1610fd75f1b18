use std::time::Duration;

use super::{Event, Node, Stopped};
use crate::{
    Machine,
    replica::{Body, Digest, Entry, Fault, Replica, encode, frame, unframe},
};

/// How often something is tried of which nobody's answer depends.
const ATTEMPTS: u32 = 5;

/// How long until something is tried again.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// What is to be done about a snapshot, beside the applying of entries.
pub(super) enum Job {
    /// Write the state at this index: its body and digest.
    Write(u64, Vec<u8>, Digest),
    /// Read back what another node has written, and confirm it.
    Verify(u64, Digest),
    /// Remove what is below this index.
    Purge(u64),
}

impl<M: Machine> Node<M> {
    /// The newest snapshot that can be read and goes up to this index at least; waits while the log does not answer.
    pub(super) async fn load(&self, at_least: u64) -> Option<Replica<M>> {
        let mut at_most = u64::MAX;
        loop {
            match self.log.snapshot(at_most).await {
                Ok(Some((at, bytes))) if at >= at_least => {
                    let replica = unframe(at, &bytes)
                        .and_then(|body| Replica::from_snapshot(body, self.session, self.options.plant))
                        .filter(|replica| replica.index() == at);
                    if replica.is_some() {
                        self.tell(Event::Loaded { at });
                        return replica;
                    }
                    tracing::warn!(target: "stratoswarm_consensus", at, "a snapshot is damaged, and skipped");
                    self.tell(Event::SnapshotSkipped { at });
                    at_most = at.checked_sub(1)?;
                }
                Ok(_) => return None,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    pub(super) async fn work(&self, job: Job) {
        match job {
            Job::Write(at, body, digest) => self.write(at, body, digest).await,
            Job::Verify(at, digest) => self.verify(at, digest).await,
            Job::Purge(below) => self.purge(below).await,
        }
    }

    async fn write(&self, at: u64, body: Vec<u8>, digest: Digest) {
        let (body, digest) = if self.options.plant.is(Fault::ApplyBeforeSnapshot) {
            tokio::time::sleep(PAUSE).await;
            let late = self.status.lock().replica.to_snapshot().unwrap_or(body);
            let digest = Digest::of(&[&late]);
            (late, digest)
        } else {
            (body, digest)
        };
        let bytes = frame(at, &body);
        for _ in 0..ATTEMPTS {
            if self.why_stopped().is_some() {
                return;
            }
            if self.log.put_snapshot(at, bytes.clone()).await.is_ok() {
                self.tell(Event::SnapshotWritten { at });
                if self.options.plant.is(Fault::PurgeUnconfirmed) {
                    self.purge(at + 1).await;
                }
                return self.announce(Body::Snapshot(at, digest)).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn verify(&self, at: u64, digest: Digest) {
        for _ in 0..ATTEMPTS {
            match self.log.snapshot(at).await {
                Ok(Some((found, bytes))) if found == at => {
                    if unframe(at, &bytes).is_some_and(|body| Digest::of(&[body]) == digest) {
                        self.announce(Body::Confirm(at, digest)).await;
                    } else {
                        self.tell(Event::SnapshotSkipped { at });
                    }
                    return;
                }
                Ok(_) => return,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn purge(&self, below: u64) {
        if self.why_stopped().is_none() && self.log.purge(below).await.is_ok() {
            self.tell(Event::Purged { below });
        }
    }

    /// Adds an entry that changes no state. Twice does no harm; not at all, and the next snapshot will do.
    async fn announce(&self, body: Body<&M::Command>) {
        let seen = self.status.lock().replica.seen();
        let entry = Entry { session: self.session, serial: 0, expires: u64::MAX, seen, body };
        let Ok(entry) = encode(&entry) else { return };
        for _ in 0..ATTEMPTS {
            if self.why_stopped().is_some() || self.log.append(entry.clone()).await.is_ok() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The state was told by its writer: is it this node's, and was it confirmed? What is to be done then.
    pub(super) fn judge_snapshot(
        &self,
        status: &mut super::status::Status<M>,
        writer: u64,
        (at, digest): (u64, Digest),
    ) -> Result<Option<Job>, Stopped> {
        status.writers.insert(at, writer);
        while status.writers.len() > 16 {
            status.writers.pop_first();
        }
        let Some(&(_, own)) = status.points.iter().find(|(point, _)| *point == at) else { return Ok(None) };
        if own != digest {
            return Err(Stopped::Diverged { at });
        }
        let confirms = writer != self.session || status.replica.is_alone(self.session);
        Ok(confirms.then_some(Job::Verify(at, digest)))
    }

    /// Another node has confirmed a snapshot: what is below the one before it may go. If a snapshot is damaged later, there is
    /// still that one, and the log from there on.
    pub(super) fn judge_confirmation(
        &self,
        status: &mut super::status::Status<M>,
        by: u64,
        at: u64,
    ) -> Option<(Event, Option<Job>)> {
        let &writer = status.writers.get(&at)?;
        if at <= status.confirmed || (by == writer && !status.replica.is_alone(by)) {
            return None;
        }
        let before = std::mem::replace(&mut status.confirmed, at);
        let purges = writer == self.session && before > 0;
        Some((Event::SnapshotConfirmed { at }, purges.then_some(Job::Purge(before + 1))))
    }
}
