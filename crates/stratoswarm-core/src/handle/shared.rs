use std::{
    panic::{AssertUnwindSafe, Location, RefUnwindSafe, UnwindSafe, catch_unwind},
    sync::{Arc, OnceLock, Weak},
    task::{Context, Poll, ready},
    time::Duration,
};

use crossbeam_utils::CachePadded;

use super::{
    Account, HandleKind,
    counters::Counters,
    handles::{Handles, SiteCount},
    lifetime::Lifetime,
    site::Site,
    traffic::Traffic,
    undelivered::{Left, Undelivered},
};
#[cfg(feature = "chaos")]
use crate::chaos::{Chaos, Disturbed, Hold, Moment, NoChaos};
use crate::{
    contain::contain,
    engine::{Effects, End, Log, Warning},
    request::AnyResponder,
    stats::{Caller, ChannelKind, WaitKind},
    sync::{
        Mutex, MutexGuard, Rank,
        atomic::{AtomicBool, Ordering},
        poll_proceed,
    },
    timers,
    trace::{StepKind, TraceContext, TraceSpan, TraceStep, Tracer, TracingGroup},
    traced::{ReplyEncoder, Trace, Turns},
    waiting::WaitId,
};

/// What all handles of one channel share.
pub(crate) struct Shared<M> {
    pub(crate) log: CachePadded<Mutex<Log<M>>>,
    pub(crate) name: Arc<str>,
    pub(crate) kind: ChannelKind,
    pub(crate) capacity: usize,
    pub(crate) default_timeout: Option<Duration>,
    /// What it does with different classes of traffic.
    pub(crate) traffic: Traffic,
    pub(crate) location: &'static Location<'static>,
    pub(crate) counters: Counters,
    handles: Mutex<Handles<M>>,
    /// A shutdown is over: no caller waits here any more.
    ended: AtomicBool,
    /// Who is told that the last handle has gone.
    home: OnceLock<Weak<dyn Home>>,
    /// Who gets what nobody came for, when the channel is ended.
    undelivered: OnceLock<Undelivered<M>>,
    /// What its messages are charged to, if their bytes are bounded.
    account: OnceLock<Account>,
    /// Who is told of what is sent and asked, if its fabric has a tracer.
    tracer: OnceLock<Arc<dyn Tracer>>,
    /// Who disturbs it.
    #[cfg(feature = "chaos")]
    chaos: OnceLock<Arc<dyn Chaos>>,
    /// Nothing lies beside its messages but what is stated for each.
    pub(crate) is_bare: bool,
    /// What it tells besides, if it is traced.
    tracing: OnceLock<Tracing<M>>,
}

/// What a traced channel has besides.
struct Tracing<M> {
    trace: Arc<Trace>,
    /// How the reply to a message is encoded, for who reads outcomes.
    replies: OnceLock<Replies<M>>,
}

/// How the reply to this message is encoded; none if it has none, or cannot be.
type Replies<M> = fn(&M) -> Option<ReplyEncoder>;

// A panic of a user's `Clone` under the lock is caught there, so the log is whole for whoever catches another one.
impl<M> UnwindSafe for Shared<M> {}
impl<M> RefUnwindSafe for Shared<M> {}

/// Where a channel is found by its name.
pub(crate) trait Home: Send + Sync {
    /// The last handle of this channel has gone, which nothing more can come to. `channel` is its address.
    fn deserted(&self, name: &str, channel: usize);
}

impl<M> Shared<M> {
    pub(crate) fn new(
        name: &str,
        kind: ChannelKind,
        capacity: usize,
        default_timeout: Option<Duration>,
        traffic: Traffic,
        location: &'static Location<'static>,
    ) -> Arc<Self> {
        let mut log = Log::new(capacity, kind == ChannelKind::Channel);
        traffic.set_up(&mut log, capacity);
        let is_bare = traffic.ttl.is_none() && !traffic.traced;
        Arc::new(Self {
            log: CachePadded::new(Mutex::new(Rank::Log, log)),
            name: name.into(),
            kind,
            capacity,
            default_timeout,
            traffic,
            location,
            counters: Counters::new(),
            handles: Mutex::new(Rank::Handles, Handles::new()),
            ended: AtomicBool::new(false),
            home: OnceLock::new(),
            undelivered: OnceLock::new(),
            account: OnceLock::new(),
            tracer: OnceLock::new(),
            #[cfg(feature = "chaos")]
            chaos: OnceLock::new(),
            is_bare,
            tracing: OnceLock::new(),
        })
    }

    /// Says where the channel is found, before it can be found there.
    pub(crate) fn set_home(&self, home: Weak<dyn Home>) {
        let _ = self.home.set(home);
    }

    /// Has its messages charged to this account, before there is one.
    pub(crate) fn charge_to(&self, account: Account) {
        let _ = self.account.set(account);
    }

    /// Says who disturbs it, before it can be found.
    #[cfg(feature = "chaos")]
    pub(crate) fn disturb(&self, chaos: &Arc<dyn Chaos>) {
        let _ = self.chaos.set(Arc::clone(chaos));
    }

    /// Who disturbs it.
    #[cfg(feature = "chaos")]
    pub(crate) fn chaos(&self) -> &dyn Chaos {
        self.chaos.get().map_or(&NoChaos, |chaos| &**chaos)
    }

    /// Whether somebody disturbs it.
    #[cfg(feature = "chaos")]
    #[inline]
    pub(crate) fn is_disturbed(&self) -> bool {
        self.chaos.get().is_some()
    }

    /// Has it traced, before anybody has a handle; turns are counted here.
    pub(crate) fn trace_by(&self, turns: &Turns) {
        let trace = Trace::new(Arc::clone(turns));
        self.log.lock().trace(&trace);
        let _ = self.tracing.set(Tracing { trace, replies: OnceLock::new() });
    }

    /// What it tells, if it is traced.
    #[inline]
    pub(crate) fn trace(&self) -> Option<&Arc<Trace>> {
        self.tracing.get().map(|tracing| &tracing.trace)
    }

    /// Says how replies are encoded, if nobody has.
    pub(crate) fn set_replies(&self, replies: Replies<M>) {
        if let Some(tracing) = self.tracing.get() {
            let _ = tracing.replies.set(replies);
        }
    }

    /// How the reply to this message is encoded.
    pub(crate) fn reply_encoder(&self, message: &M) -> Option<ReplyEncoder> {
        let replies = self.tracing.get()?.replies.get()?;
        catch_unwind(AssertUnwindSafe(|| replies(message))).unwrap_or(None)
    }

    /// What its messages are charged to, if their bytes are bounded.
    #[inline]
    pub(crate) fn account(&self) -> Option<&Account> {
        self.account.get()
    }

    /// Has this one told of what is sent and asked, before anything is. There is a lane.
    pub(crate) fn tell_spans_to(&self, tracer: Arc<dyn Tracer>) {
        let _ = self.tracer.set(tracer);
    }

    /// Whether somebody is told of what is sent and asked.
    #[inline]
    pub(crate) fn has_tracer(&self) -> bool {
        self.traffic.spans
    }

    /// A message is to be sent, or a reply asked for. No lock may be held.
    #[cold]
    pub(crate) fn begin_trace(
        &self,
        kind: StepKind,
        parent: Option<TraceContext>,
    ) -> Option<Box<dyn TraceSpan>> {
        let step = TraceStep { kind, channel: &self.name, parent, group: None, seq: None, attempt: 1 };
        self.tracer.get()?.begin(&step)
    }

    /// What a member of this group needs.
    pub(crate) fn tracing_group(&self, group: &str) -> Option<Arc<TracingGroup>> {
        let (tracer, channel) = (Arc::clone(self.tracer.get()?), Arc::clone(&self.name));
        Some(Arc::new(TracingGroup { tracer, channel, group: group.into() }))
    }

    /// It is closed: what only it could use of its budget is free for others.
    fn close_account(&self) {
        if let Some(account) = self.account() {
            account.close();
        }
    }

    /// What tells this channel from all others.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// How many messages may wait now, of those that have no lane of their own.
    pub(crate) fn current_capacity(&self) -> usize {
        self.log.lock().capacity()
    }

    /// The expiry of a message that is accepted now, and says nothing of it.
    #[inline]
    pub(crate) fn expiry(&self) -> AnyResponder {
        match self.traffic.ttl {
            None => AnyResponder::none(),
            Some(ttl) => Lifetime::of(ttl).expiry(),
        }
    }

    // ---- the engine's shell

    /// Calls the engine, and does what the call left to do once the lock is released.
    pub(crate) fn with<T>(&self, call: impl FnOnce(&mut Log<M>, &mut Effects<M>) -> T) -> T {
        let mut effects = Effects::new();
        let mut log = self.log.lock();
        let result = call(&mut log, &mut effects);
        self.unlock_and_apply(log, effects);
        result
    }

    /// Releases the lock, and does what the calls under it left to do.
    #[inline]
    pub(crate) fn unlock_and_apply(&self, log: MutexGuard<'_, Log<M>>, effects: Effects<M>) {
        drop(log);
        for warning in effects.run() {
            self.warn(&warning);
        }
    }

    #[cold]
    fn warn(&self, warning: &Warning) {
        let channel = &*self.name;
        match warning {
            Warning::DeadGroup { group, waiting } => {
                tracing::warn!(channel, group, waiting, "group has no member and holds senders");
            }
            Warning::Unread { waiting } => {
                tracing::warn!(
                    channel,
                    waiting,
                    "senders wait, and nobody is there to read: join or subscribe"
                );
            }
            Warning::Unserved => {
                tracing::warn!(channel, "a request waits, and there is no group to serve it: join one");
            }
            Warning::Undeclared { group } => {
                tracing::warn!(
                    channel,
                    group,
                    "group is not among those declared: it gets every message, too"
                );
            }
            Warning::Deserted => {
                tracing::debug!(channel, "channel closed: its last reader has gone");
                self.close_account();
                self.forsake(true);
            }
            Warning::LateGroup { group, gone, kept } => {
                tracing::warn!(channel, group, gone, kept, "group starts late: earlier messages are gone");
            }
        }
    }

    pub(crate) fn close(&self) {
        let was_open = self.with(|log, effects| {
            let was_open = !log.is_closed();
            log.close(effects);
            was_open
        });
        if was_open {
            self.close_account();
            tracing::debug!(channel = &*self.name, "channel closed");
        }
    }

    /// Ends all that waits here still, once a shutdown is over: readers, and the callers of requests. What nobody came for
    /// goes.
    pub(crate) fn end(&self) {
        self.with(|log, effects| log.end(effects));
        self.close_account();
        self.forsake(false);
        // Whoever is not in the list yet sees this once it is.
        self.ended.store(true, Ordering::SeqCst);
        timers::close_requests(self.address());
    }

    /// Lets go of what nobody came for: groups without members, and what is kept for a first reader. It is handed back, if
    /// that was asked for. `remembered`: what they leave stands in the figures.
    pub(crate) fn forsake(&self, remembered: bool) {
        let mut effects = Effects::new();
        let mut log = self.log.lock();
        let left = self.undelivered.get().map(|undelivered| undelivered.find(&mut log));
        log.remove_deserted(remembered, &mut effects);
        drop(log);
        effects.run();
        self.give_back(left);
    }

    fn give_back(&self, left: Option<Left<M>>) {
        let Some(undelivered) = self.undelivered.get() else { return };
        for (group, message) in left.into_iter().flatten() {
            contain(|| undelivered.give(group.as_deref(), message));
        }
    }

    /// Has what nobody comes for given to this function at the end.
    pub(crate) fn hand_back(&self, undelivered: Undelivered<M>) {
        let _ = self.undelivered.set(undelivered);
    }

    pub(crate) fn hands_back(&self) -> bool {
        self.undelivered.get().is_some()
    }

    /// Whether a shutdown has ended all that waits here.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    pub(crate) fn declare_group(&self, name: &str)
    where
        M: Clone,
    {
        self.with(|log, effects| log.declare_group(name, effects));
    }

    /// What follows a push.
    #[inline(never)]
    pub(crate) fn after_push(&self, mut log: MutexGuard<'_, Log<M>>) {
        if let Ok(waker) = log.sole_parked() {
            drop(log);
            if let Some(waker) = waker {
                contain(|| waker.wake());
            }
            return;
        }
        let mut effects = Effects::new();
        log.after_push(1, &mut effects);
        self.unlock_and_apply(log, effects);
    }

    // ---- handles

    /// The site of a handle that is made, with which it is counted; one that sends keeps the channel open.
    pub(super) fn site(
        self: &Arc<Self>,
        kind: HandleKind,
        name: Option<&str>,
        at: &'static Location<'static>,
        sends: bool,
    ) -> Arc<Site<M>> {
        self.handles.lock().site(self, kind, name, at, sends)
    }

    /// What the handles of a site are called.
    pub(super) fn site_name(&self, site: &Site<M>) -> Option<Box<str>> {
        if site.is_named { self.handles.lock().name(site.place) } else { None }
    }

    /// The same of one that sends, unless nobody keeps the channel open any more.
    pub(super) fn revive(
        self: &Arc<Self>,
        kind: HandleKind,
        at: &'static Location<'static>,
    ) -> Option<Arc<Site<M>>> {
        let mut handles = self.handles.lock();
        handles.has_senders().then(|| handles.site(self, kind, None, at, true))
    }

    /// A site of its own for a handle that sends and that no report names.
    pub(super) fn unlisted_site(self: &Arc<Self>) -> Arc<Site<M>> {
        let kind = match self.kind {
            ChannelKind::Channel => HandleKind::Channel,
            ChannelKind::Broadcast => HandleKind::Broadcast,
        };
        self.handles.lock().new_site(self, kind, None, self.location, true, false)
    }

    /// The last handle of a site has gone. With the last that sends the channel closes.
    pub(super) fn site_gone(&self, place: usize, sends: bool) {
        let left = self.handles.lock().remove(place, sends);
        if left.no_sender {
            self.close();
        }
        // The last reader may have gone before this close, and then it did not find the channel closed.
        if left.nothing || left.no_sender && !self.has_handles() {
            self.deserted();
        }
    }

    /// A further one keeps the channel open: the fabric.
    pub(crate) fn add_sender(&self) {
        self.handles.lock().add_sender();
    }

    pub(crate) fn drop_sender(&self) {
        if self.handles.lock().drop_sender() {
            self.close();
        }
    }

    pub(crate) fn has_senders(&self) -> bool {
        self.handles.lock().has_senders()
    }

    #[cold]
    fn deserted(&self) {
        if let Some(home) = self.home.get().and_then(Weak::upgrade)
            && self.log.lock().is_closed()
        {
            home.deserted(&self.name, self.address());
        }
    }

    pub(crate) fn has_handles(&self) -> bool {
        self.handles.lock().are_there()
    }

    /// How many handles exist of the kinds of which this is true.
    pub(crate) fn count_handles(&self, of: impl Fn(HandleKind) -> bool) -> usize {
        self.handles.lock().count(of)
    }

    pub(crate) fn handle_sites(&self) -> Vec<SiteCount> {
        self.handles.lock().reported().collect()
    }

    /// The same for one who waits no longer than this; none then.
    pub(super) fn try_handle_sites(&self, within: Duration) -> Vec<SiteCount> {
        self.handles.try_lock_for(within).map_or_else(Vec::new, |handles| handles.reported().collect())
    }
}

#[cfg(feature = "chaos")]
impl<M> Disturbed for Shared<M> {
    #[inline]
    fn hold(&self, moment: Moment) -> Option<Hold> {
        self.chaos.get().and_then(|chaos| chaos.hold(&self.name, moment))
    }
}

/// What nobody took goes with the last handle, each by itself: one whose drop panics costs no other its own, nor whoever let
/// go of the handle.
impl<M> Drop for Shared<M> {
    fn drop(&mut self) {
        let mut effects = Effects::new();
        let mut log = self.log.lock();
        let left = self.undelivered.get().map(|undelivered| undelivered.find(&mut log));
        log.clear(&mut effects);
        drop(log);
        effects.run();
        self.give_back(left);
    }
}

/// Waits for an end.
pub(crate) async fn ended<M>(shared: &Shared<M>, of: End, at: &'static Location<'static>) {
    let kind = match of {
        End::Channel => WaitKind::Closed,
        End::Reading => WaitKind::ReadersGone,
    };
    let mut waiting = WaitingForEnd { shared, of, kind, id: None };
    std::future::poll_fn(|cx| waiting.poll(at, cx)).await;
}

/// Waits for the close, while something else is waited for: that is what the figures show.
pub(crate) async fn closed_while<M>(shared: &Shared<M>, kind: WaitKind, at: &'static Location<'static>) {
    let mut waiting = WaitingForEnd { shared, of: End::Channel, kind, id: None };
    std::future::poll_fn(|cx| waiting.poll(at, cx)).await;
}

struct WaitingForEnd<'a, M> {
    shared: &'a Shared<M>,
    of: End,
    kind: WaitKind,
    id: Option<WaitId>,
}

impl<M> WaitingForEnd<'_, M> {
    fn poll(&mut self, at: &'static Location<'static>, cx: &mut Context<'_>) -> Poll<()> {
        let budget = ready!(poll_proceed(cx));
        let kind = self.kind;
        let caller = || Caller::here(kind, at);
        let (of, id) = (self.of, self.id);
        self.id = self.shared.with(|log, effects| log.wait_for_end(of, id, cx.waker(), caller, effects));
        if self.id.is_some() {
            return Poll::Pending;
        }
        budget.made_progress();
        Poll::Ready(())
    }
}

impl<M> Drop for WaitingForEnd<'_, M> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let waker = self.shared.log.lock().forget_end(self.of, id);
            drop(waker);
        }
    }
}
