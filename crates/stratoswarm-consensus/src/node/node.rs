use std::sync::Arc;

use parking_lot::Mutex;
use stratoswarm_core::{Broadcast, Channel, Fabric};
use tokio::sync::{Notify, watch};

use super::{Decided, Event, Stopped, options::Options, status::Status};
use crate::{Log, Machine, replica::Replica};

/// How many events are kept for a slow reader of them.
const EVENTS: usize = 1_024;

/// A node, without its handles: its tasks share it.
pub(crate) struct Node<M: Machine> {
    pub(super) log: Box<dyn Log>,
    pub(crate) session: u64,
    pub(crate) options: Options,
    pub(super) status: Mutex<Status<M>>,
    /// Wakes, in the order of waiting, once it has applied more, or stopped.
    pub(crate) progress: Notify,
    /// A read waits for a barrier.
    pub(super) wanted: Notify,
    pub(super) decided: Channel<Decided<M::Command>>,
    pub(super) events: Broadcast<Event>,
    pub(super) stopped: watch::Sender<Option<Stopped>>,
    /// Keeps the channels open.
    _fabric: Fabric,
}

impl<M: Machine> Node<M> {
    pub(super) fn new(log: Box<dyn Log>, options: Options) -> Option<Arc<Self>> {
        let fabric = Fabric::new();
        let retain = options.retain.max(1);
        // Neither name is taken in a new fabric, and the options go together.
        let decided = fabric.channel("decided").capacity(retain).retain(retain).open().ok()?;
        let events = fabric.broadcast("events").capacity(EVENTS).open().ok()?;
        let session = log.random();
        Some(Arc::new(Self {
            session,
            options,
            status: Mutex::new(Status::new(Replica::new(session, options.plant))),
            progress: Notify::new(),
            wanted: Notify::new(),
            decided,
            events,
            stopped: watch::Sender::new(None),
            log,
            _fabric: fabric,
        }))
    }

    /// Tells whoever listens.
    pub(super) fn tell(&self, event: Event) {
        // Closed once the node is: nobody listens then.
        let _ = self.events.send(event);
    }

    /// Answers nothing any more.
    pub(super) fn stop(&self, why: &Stopped) {
        {
            let mut status = self.status.lock();
            if status.stopped.is_some() {
                return;
            }
            status.stop(why);
        }
        if *why != Stopped::Closed {
            tracing::error!(target: "stratoswarm_consensus", %why, "the node stopped");
        }
        self.tell(Event::Stopped(why.clone()));
        self.stopped.send_replace(Some(why.clone()));
        self.decided.close();
        // Whoever waits for it to go on looks, and finds that it has stopped.
        self.progress.notify_waiters();
    }

    #[cfg(test)]
    pub(crate) fn stopped_by(&self) -> Option<Stopped> {
        self.why_stopped()
    }

    pub(super) fn why_stopped(&self) -> Option<Stopped> {
        self.status.lock().stopped.clone()
    }

    /// The token with which a lease is held, as far as this node has read.
    pub(crate) fn lease_token(&self, name: &str) -> Result<Option<u64>, Stopped> {
        let status = self.status.lock();
        status.stopped.clone().map_or_else(|| Ok(status.replica.lease(name)), Err)
    }
}
