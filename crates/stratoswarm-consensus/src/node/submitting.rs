use std::{pin::pin, time::Duration};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout, timeout_at},
};

use super::{
    Node, Settled, Stopped,
    barriers::{RETRY, SILENCE, UNREAD},
    waiting::{Reply, Waiting},
};
use crate::{
    AppendError, Machine,
    replica::{Body, Entry, MAX_LIFE, encode},
};

/// How many proposals of a node may be undecided, from the oldest on: fewer than the serials that are told apart.
const UNDECIDED: u64 = 1_000;

/// A proposal that was sent.
pub(crate) struct Submission<R> {
    /// What became of it, if that was known by the deadline.
    pub(crate) settled: Option<Settled<R>>,
    pub(crate) waiter: oneshot::Receiver<Settled<R>>,
    /// In the log's time, in nanoseconds.
    pub(crate) expires: u64,
}

/// A proposal that is certainly not in the log.
pub(crate) enum Refusal {
    NotSent,
    Full,
    TooLarge { bytes: usize, limit: usize },
    Unencodable(String),
    Stopped(Stopped),
}

impl<M: Machine> Node<M> {
    /// Sends a proposal until it is decided or its time is over. Dropped, it may be decided all the same.
    pub(crate) async fn submit<R>(
        &self,
        body: Body<&M::Command>,
        reply: impl FnOnce(oneshot::Sender<Settled<R>>) -> Reply<M>,
        life: Duration,
    ) -> Result<Submission<R>, Refusal> {
        let life = life.min(Duration::from_nanos(MAX_LIFE));
        let deadline = Instant::now() + life;
        self.wait_for_room(deadline).await?;
        let (waiter, mut settled) = oneshot::channel();
        let entry = self.register(body, reply(waiter), deadline)?;
        let (serial, expires) = (entry.serial, entry.expires);
        let bytes = match encode(&entry) {
            Ok(bytes) => bytes,
            Err(why) => {
                self.status.lock().take(serial);
                return Err(Refusal::Unencodable(why));
            }
        };
        let (mut pause, mut is_first) = (RETRY.0, true);
        let found = loop {
            let append = timeout(SILENCE, self.log.append(bytes.clone()));
            let acked = tokio::select! {
                biased;
                found = &mut settled => break Some(found),
                acked = append => acked.unwrap_or(Err(AppendError::Unacked)),
                () = tokio::time::sleep_until(deadline) => break None,
            };
            // Refused the first time it is in no log; later, an earlier copy may be.
            let refusal = match &acked {
                Err(AppendError::Full) if is_first => Some(Refusal::Full),
                Err(AppendError::TooLarge { bytes, limit }) if is_first => {
                    Some(Refusal::TooLarge { bytes: *bytes, limit: *limit })
                }
                _ => None,
            };
            if let Some(refusal) = refusal {
                self.status.lock().take(serial);
                return Err(refusal);
            }
            is_first = false;
            let wait = if acked.is_ok() { UNREAD } else { pause };
            match timeout_at(deadline.min(Instant::now() + wait), &mut settled).await {
                Ok(found) => break Some(found),
                Err(_) if Instant::now() >= deadline => break None,
                Err(_) => pause = (pause * 2).min(RETRY.1),
            }
        };
        // A sender that is gone went with the node.
        let found = found.map(|found| found.unwrap_or(Settled::Stopped(Stopped::Closed)));
        Ok(Submission { settled: found, waiter: settled, expires })
    }

    /// Waits while so many proposals are undecided that the serials of more could not be told apart.
    async fn wait_for_room(&self, deadline: Instant) -> Result<(), Refusal> {
        loop {
            let mut progress = pin!(self.progress.notified());
            progress.as_mut().enable();
            {
                let status = self.status.lock();
                if let Some(why) = &status.stopped {
                    return Err(Refusal::Stopped(why.clone()));
                }
                let oldest =
                    status.waiting.first_key_value().map_or(status.next_serial, |(&serial, _)| serial);
                if status.next_serial - oldest < UNDECIDED {
                    return Ok(());
                }
            }
            timeout_at(deadline, progress).await.map_err(|_| Refusal::NotSent)?;
        }
    }

    fn register<'a>(
        &self,
        body: Body<&'a M::Command>,
        reply: Reply<M>,
        deadline: Instant,
    ) -> Result<Entry<&'a M::Command>, Refusal> {
        let mut status = self.status.lock();
        if let Some(why) = &status.stopped {
            return Err(Refusal::Stopped(why.clone()));
        }
        let serial = status.next_serial;
        status.next_serial += 1;
        let left = deadline.saturating_duration_since(Instant::now());
        let expires = status.now().saturating_add(u64::try_from(left.as_nanos()).unwrap_or(MAX_LIFE));
        status.none_expires_before = status.none_expires_before.min(expires);
        status.waiting.insert(serial, Waiting { expires, reply });
        Ok(Entry { session: self.session, serial, expires, seen: status.replica.seen(), body })
    }
}
