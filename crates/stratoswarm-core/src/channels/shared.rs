use std::{
    panic::Location,
    sync::{Arc, Weak},
    time::Duration,
};

use crossbeam_utils::CachePadded;

use crate::{
    accounts::{ChannelInfo, ChannelKind, Counters, ReaderInfo},
    engine::{Effects, Log, Note},
    fabric::HeldHandle,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
        poll_proceed,
    },
};

/// What all handles of one channel share.
pub(crate) struct Shared<M> {
    pub(crate) log: CachePadded<Mutex<Log<M>>>,
    pub(crate) name: Arc<str>,
    pub(crate) kind: ChannelKind,
    pub(crate) capacity: usize,
    pub(crate) default_timeout: Option<Duration>,
    pub(crate) opened_at: &'static Location<'static>,
    pub(crate) counters: Counters,
    /// Handles that keep the channel open.
    senders: AtomicUsize,
    handles: Mutex<Handles>,
}

struct Handles {
    last: u64,
    live: Vec<(u64, Handle)>,
}

struct Handle {
    kind: &'static str,
    name: Option<String>,
    at: &'static Location<'static>,
}

impl<M> Shared<M> {
    pub(crate) fn new(
        name: &str,
        kind: ChannelKind,
        capacity: usize,
        default_timeout: Option<Duration>,
        opened_at: &'static Location<'static>,
    ) -> Arc<Self> {
        let log = Log::new(capacity, kind == ChannelKind::Channel);
        Arc::new(Self {
            log: CachePadded::new(Mutex::new(log)),
            name: name.into(),
            kind,
            capacity,
            default_timeout,
            opened_at,
            counters: Counters::new(),
            senders: AtomicUsize::new(0),
            handles: Mutex::new(Handles { last: 0, live: Vec::new() }),
        })
    }

    /// Does what a call of the engine left to do, once the lock is released.
    #[inline]
    pub(crate) fn settle(&self, log: MutexGuard<'_, Log<M>>, effects: Effects<M>) {
        drop(log);
        self.run(effects);
    }

    pub(crate) fn run(&self, effects: Effects<M>) {
        for note in effects.run() {
            self.tell(&note);
        }
    }

    #[cold]
    fn tell(&self, note: &Note) {
        let channel = &*self.name;
        match note {
            Note::DeadGroup { group, waiting } => {
                tracing::warn!(channel, group, waiting, "group has no member and holds senders");
            }
            Note::LateGroup { group, gone, kept } => {
                tracing::warn!(channel, group, gone, kept, "group starts late: earlier messages are gone");
            }
        }
    }

    pub(crate) fn close(&self) {
        let mut effects = Effects::new();
        let mut log = self.log.lock();
        let was_open = !log.is_closed();
        log.close(&mut effects);
        self.settle(log, effects);
        if was_open {
            tracing::debug!(channel = &*self.name, "channel closed");
        }
    }

    /// A further handle that keeps the channel open.
    pub(crate) fn add_sender(&self) {
        self.senders.fetch_add(1, Ordering::Relaxed);
    }

    /// A further such handle, unless there is none any more.
    pub(crate) fn revive_sender(&self) -> bool {
        let alive = |senders: usize| (senders > 0).then_some(senders + 1);
        self.senders.fetch_update(Ordering::Relaxed, Ordering::Relaxed, alive).is_ok()
    }

    pub(crate) fn drop_sender(&self) {
        if self.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close();
        }
    }

    /// Lists a handle with its creation site, for the report of a shutdown.
    pub(crate) fn list(
        &self,
        kind: &'static str,
        name: Option<String>,
        at: &'static Location<'static>,
    ) -> u64 {
        let mut handles = self.handles.lock();
        handles.last += 1;
        if handles.live.is_empty() {
            handles.live.reserve_exact(2); // a sending and a reading one
        }
        let id = handles.last;
        handles.live.push((id, Handle { kind, name, at }));
        id
    }

    pub(crate) fn unlist(&self, id: u64) {
        let mut handles = self.handles.lock();
        // Numbers only grow, so the list is sorted.
        let at = handles.live.binary_search_by_key(&id, |(other, _)| *other);
        let gone = at.ok().map(|at| handles.live.remove(at));
        drop(handles);
        drop(gone);
    }

    pub(crate) fn held(&self) -> Vec<HeldHandle> {
        let handles = self.handles.lock();
        let held = handles.live.iter().map(|(_, handle)| HeldHandle {
            channel: self.name.to_string(),
            kind: handle.kind,
            name: handle.name.clone(),
            opened_at: handle.at,
        });
        held.collect()
    }

    pub(crate) fn info(&self) -> ChannelInfo {
        let figures = self.log.lock().figures();
        let readers = figures.readers.into_iter();
        ChannelInfo {
            name: self.name.to_string(),
            kind: self.kind,
            message: std::any::type_name::<M>(),
            capacity: self.capacity,
            len: figures.len as usize,
            sent: figures.sent,
            delivered: figures.delivered,
            high_water: figures.high_water as usize,
            is_closed: figures.closed,
            unclaimed: figures.unclaimed as usize,
            permits: figures.permits as usize,
            blocked_senders: figures.blocked.len(),
            blocked_at: figures.blocked,
            requests: self.counters.counts(figures.asked),
            readers: readers.map(ReaderInfo::new).collect(),
            opened_at: self.opened_at,
        }
    }
}

/// Waits for the close of a channel.
pub(crate) async fn closed<M>(shared: &Shared<M>) {
    let mut waiting = WaitingForClose { shared, id: None };
    std::future::poll_fn(|cx| {
        let budget = std::task::ready!(poll_proceed(cx));
        let mut effects = Effects::new();
        let mut log = waiting.shared.log.lock();
        waiting.id = log.wait_for_close(waiting.id, cx.waker(), &mut effects);
        waiting.shared.settle(log, effects);
        if waiting.id.is_some() {
            return std::task::Poll::Pending;
        }
        budget.made_progress();
        std::task::Poll::Ready(())
    })
    .await;
}

struct WaitingForClose<'a, M> {
    shared: &'a Shared<M>,
    id: Option<u64>,
}

impl<M> Drop for WaitingForClose<'_, M> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let waker = self.shared.log.lock().forget_close(id);
            drop(waker);
        }
    }
}

/// A weak reference that revives its channel's sending side only while another handle keeps it open.
pub(crate) fn upgrade<M>(weak: &Weak<Shared<M>>) -> Option<Arc<Shared<M>>> {
    weak.upgrade().filter(|shared| shared.revive_sender())
}
