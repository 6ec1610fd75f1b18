use std::{
    fmt,
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use stratoswarm_core::{Chaos, Delivery, Fabric, Message};
use stratoswarm_record::{Recording, RecordingBuilder, StartError};
use tokio::{task::JoinHandle, time::Instant};

use crate::{
    Fake, FaultKind, Faults, Probe, Tally,
    chance::Chance,
    disturbance::Disturbance,
    guarded::{Ended, Guarded},
    leftovers, panics,
    plan::Plan,
};

/// What a test has in its hands: its fabric, whose channels are disturbed as it says, and what watches them.
///
/// Clones are handles of the same one.
///
/// # Examples
/// ```
/// use stratoswarm_core::examples::Job;
/// use stratoswarm_test::{Faults, Kit, Seeds, ms, secs};
///
/// async fn jobs_are_passed_on(kit: Kit) {
///     let fabric = kit.capacities(1).everywhere(Faults::new().yields(3).delay(ms(0)..ms(50))).fabric();
///     let jobs = fabric.channel::<Job>("jobs").capacity(64).open().unwrap();
///     let mut workers = kit.probe::<Job>("jobs", "workers");
///     kit.spawn("planner", async move { jobs.send(Job(7)).await.unwrap() });
///     assert_eq!(workers.expect(|job| job.0 == 7).within(secs(1)).await.seq(), 0);
///     kit.assert_balanced();
///     kit.assert_idle().await;
/// }
/// Seeds::of("jobs_are_passed_on").count(20).run(jobs_are_passed_on);
/// ```
#[derive(Clone)]
pub struct Kit {
    inner: Arc<Inner>,
}

struct Inner {
    test: String,
    plan: Plan,
    begin: Instant,
    disturbance: Arc<Disturbance>,
    capacities: Mutex<Option<usize>>,
    fabric: OnceLock<Fabric>,
    chance: Mutex<Chance>,
    interrupts: Mutex<Chance>,
    crash: Mutex<Crash>,
    /// Tasks that a fault has ended.
    ended: Mutex<Vec<String>>,
    recording: Mutex<Option<Recording>>,
}

/// A task of the kit panicked by itself.
#[derive(Default)]
struct Crash {
    told: Option<String>,
    waker: Option<Waker>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kit {
    pub(crate) fn new(test: &str, plan: Plan) -> Self {
        let seed = plan.seed;
        Self {
            inner: Arc::new(Inner {
                test: test.to_owned(),
                disturbance: Arc::new(Disturbance::new(plan.clone())),
                plan,
                begin: Instant::now(),
                capacities: Mutex::default(),
                fabric: OnceLock::new(),
                chance: Mutex::new(Chance::of(seed, "chance")),
                interrupts: Mutex::new(Chance::of(seed, "interrupts")),
                crash: Mutex::default(),
                ended: Mutex::default(),
                recording: Mutex::default(),
            }),
        }
    }

    /// All channels, lanes and broadcasts have room for so many messages, whatever is stated where they are opened.
    ///
    /// # Panics
    /// The [fabric](Self::fabric) is there already.
    #[track_caller]
    pub fn capacities(&self, messages: usize) -> &Self {
        assert!(self.inner.fabric.get().is_none(), "state the capacities before the fabric is there");
        *lock(&self.inner.capacities) = Some(messages);
        self
    }

    /// What happens to the channel of this name. What is not stated here is as [everywhere](Self::everywhere).
    pub fn on(&self, channel: &str, faults: Faults) -> &Self {
        self.close_later(Some(channel.to_owned()), &faults);
        self.inner.disturbance.on(channel, faults);
        self
    }

    /// What happens to all channels.
    pub fn everywhere(&self, faults: Faults) -> &Self {
        self.close_later(None, &faults);
        self.inner.disturbance.everywhere(faults);
        self
    }

    /// These channels behave as if they were served from another process, as over NATS: besides sends that begin later and
    /// deliveries that come back, of a group that acknowledges one message in ten comes a second time though it was acknowledged.
    /// Whoever is to work there must mean the same by both.
    pub fn as_remote<'a>(&self, channels: impl IntoIterator<Item = &'a str>) -> &Self {
        for channel in channels {
            let faults = Faults::new().delay(Duration::ZERO..Duration::from_millis(5));
            let faults = faults.nak_delay(Duration::from_millis(20));
            self.on(channel, Faults { repeat: Some(0.1), ..faults });
        }
        self
    }

    /// The fabric of this test, for [`ChannelRegistry::open_on`](stratoswarm_core::ChannelRegistry::open_on) as well. Always the
    /// same one.
    pub fn fabric(&self) -> Fabric {
        let make = || {
            let mut builder = Fabric::builder().chaos(Arc::clone(&self.inner.disturbance) as Arc<dyn Chaos>);
            if let Some(messages) = *lock(&self.inner.capacities)
                && !self.inner.disturbance.leaves_out(FaultKind::Capacities)
            {
                self.inner.disturbance.count(FaultKind::Capacities, "");
                builder = builder.all_capacities(messages);
            }
            builder.build()
        };
        self.inner.fabric.get_or_init(make).clone()
    }

    /// A member of this group with the test's hand on it. The channel is opened with no options, if it is not there.
    ///
    /// # Panics
    /// There is such a channel, of another type.
    #[track_caller]
    pub fn probe<M: Message + fmt::Debug>(&self, channel: &str, group: &str) -> Probe<M> {
        Probe::new(self.clone(), self.channel(channel), group)
    }

    /// Answers the messages of a channel in the place of the component that is not part of the test, as the group `fakes`.
    ///
    /// # Panics
    /// There is such a channel, of another type.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{ChannelRegistry, Delivery, messages::{CostCall, CostMessage, CostQuote, QueryCost}};
    /// # use stratoswarm_test::{Kit, Seeds};
    /// # Seeds::of("fake").count(1).run(async |kit: Kit| {
    /// let registry = ChannelRegistry::open_on(&kit.fabric()).unwrap();
    /// let cost = kit.fake("cost", |call: Delivery<CostMessage>| async move {
    ///     if let CostCall::QueryCost(query, reply) = call.into() {
    ///         reply.send(CostQuote { price: f64::from(query.tasks), samples: 0 });
    ///     }
    /// });
    /// assert_eq!(registry.cost().request(QueryCost { tasks: 3 }).await.unwrap().price, 3.0);
    /// assert_eq!(cost.calls(), 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn fake<M, F, Fut>(&self, channel: &str, answer: F) -> Fake<M>
    where
        M: Message,
        F: Fn(Delivery<M>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.fake_in(channel, "fakes", answer)
    }

    /// The same as a member of this group, where the code under test has declared one.
    ///
    /// # Panics
    /// There is such a channel, of another type.
    #[track_caller]
    pub fn fake_in<M, F, Fut>(&self, channel: &str, group: &str, answer: F) -> Fake<M>
    where
        M: Message,
        F: Fn(Delivery<M>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Fake::new(self, self.channel(channel).join(group), answer)
    }

    /// Starts a component as a task of this name, which [`explain`](Fabric::explain) knows, too. It ends where a fault
    /// [ends](Faults::abort_tasks) it, or [panics](Faults::panic_tasks) there: then the handle gives `None`. A panic of its own
    /// fails the test at once.
    #[track_caller]
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &str,
        component: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<Option<T>> {
        let guarded = self.guarded(name, component);
        let (kit, of) = (self.clone(), name.to_owned());
        self.fabric().spawn(name, async move { kit.outcome(&of, guarded.await) })
    }

    /// The same, and whenever a fault has ended it, it is made anew, as a supervisor would.
    #[track_caller]
    pub fn supervise<F, T>(&self, name: &str, make: impl Fn() -> F + Send + 'static) -> JoinHandle<Option<T>>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let (kit, of) = (self.clone(), name.to_owned());
        self.fabric().spawn(name, async move {
            loop {
                let ended = kit.guarded(&of, make()).await;
                match kit.outcome(&of, ended) {
                    None if !kit.has_crashed() => tokio::task::yield_now().await,
                    done => return done,
                }
            }
        })
    }

    /// Runs one operation that must be safe to cancel: it is dropped at some of its polls, as in a `select!`, and made anew,
    /// before it may end. What is not woken is dropped after a millisecond of the test's clock.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::examples::Job;
    /// # use stratoswarm_test::{Kit, Seeds};
    /// # Seeds::of("interrupt").count(20).run(async |kit: Kit| {
    /// let jobs = kit.fabric().channel::<Job>("jobs").open().unwrap();
    /// let job = Job(7);
    /// kit.interrupt(|| jobs.send(job.clone())).await.unwrap();
    /// assert_eq!(jobs.len(), 1, "what was dropped before it had ended was not sent");
    /// # });
    /// ```
    pub async fn interrupt<F: Future>(&self, mut operation: impl FnMut() -> F) -> F::Output {
        for _ in 0..self.interrupts() {
            if let Some(output) = self.interrupted(operation()).await {
                return output;
            }
        }
        operation().await
    }

    /// The same of an operation that borrows what it changes, as a reader does: `kit.interrupt_mut(async || reader.recv().await)`.
    pub async fn interrupt_mut<T>(&self, mut operation: impl AsyncFnMut() -> T) -> T {
        for _ in 0..self.interrupts() {
            if let Some(output) = self.interrupted(operation()).await {
                return output;
            }
        }
        operation().await
    }

    /// How often an operation is interrupted.
    fn interrupts(&self) -> u64 {
        if self.inner.disturbance.leaves_out(FaultKind::Interrupt) {
            return 0;
        }
        lock(&self.inner.interrupts).below(4)
    }

    /// Drops it after some polls; what it gave, if it ended before.
    async fn interrupted<F: Future>(&self, operation: F) -> Option<F::Output> {
        let mut left = lock(&self.inner.interrupts).below(3);
        if !self.inner.disturbance.count(FaultKind::Interrupt, "") {
            return None;
        }
        let mut operation = pin!(operation);
        let ended = poll_fn(|cx| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            operation.as_mut().poll(cx).map(Some)
        });
        // One that is not woken any more is dropped all the same.
        tokio::time::timeout(Duration::from_millis(1), ended).await.ok().flatten()
    }

    /// A number below `end`, drawn from the seed: for what a test makes up.
    pub fn below(&self, end: u64) -> u64 {
        lock(&self.inner.chance).below(end)
    }

    /// The seed of this run.
    pub fn seed(&self) -> u64 {
        self.inner.plan.seed
    }

    /// How many faults there were up to now.
    pub fn faults(&self) -> Tally {
        self.inner.disturbance.tally()
    }

    /// What is recorded of a run that failed, when it is run again: the channels that are given to the builder. At other runs the
    /// function is not called. The file is `target/stratoswarm/<test>-<seed>.mcap`.
    ///
    /// # Panics
    /// The recording cannot be started.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{ChannelRegistry, messages::Store};
    /// # use stratoswarm_test::{Kit, Seeds};
    /// # Seeds::of("record").count(1).run(async |kit: Kit| {
    /// let registry = ChannelRegistry::open_on(&kit.fabric()).unwrap();
    /// kit.record(|recording| {
    ///     recording.channel(registry.knowledge()).channel(registry.events()).start_on_runtime()
    /// });
    /// # });
    /// ```
    #[track_caller]
    #[expect(clippy::panic, reason = "a test that cannot do what it says fails")]
    pub fn record(&self, start: impl FnOnce(RecordingBuilder) -> Result<Recording, StartError>) {
        let Some(path) = &self.inner.plan.record else { return };
        let builder = Recording::create(path).meta("test", &self.inner.test).meta("seed", self.seed());
        match start(builder) {
            Ok(recording) => *lock(&self.inner.recording) = Some(recording),
            Err(error) => panic!("no recording: {error}"),
        }
    }

    /// Every reader's account balances: accepted = taken + dead + skipped + left, which holds at every moment.
    ///
    /// # Panics
    /// One does not.
    #[track_caller]
    pub fn assert_balanced(&self) {
        for channel in self.fabric().channels() {
            for reader in &channel.readers {
                let accounted = reader.taken + reader.dead + reader.skipped.total() + reader.left;
                assert_eq!(
                    reader.accepted, accounted,
                    "`{}`, reader {}: {reader:?}",
                    channel.name, reader.name
                );
            }
        }
    }

    /// Everything has come to rest within a second of the test's clock, of which a millisecond passes in any case: no lossless
    /// reader has anything left, nobody has a delivery, a permit or a granted place, and no sender or request waits. Idle readers
    /// that wait are at rest.
    ///
    /// # Panics
    /// Something is left: each is named, with its line where it has one.
    #[track_caller]
    pub fn assert_idle(&self) -> impl Future<Output = ()> + use<> {
        let (fabric, at) = (self.fabric(), std::panic::Location::caller());
        async move {
            let mut left = Vec::new();
            for _ in 0..1_000 {
                tokio::time::sleep(Duration::from_millis(1)).await; // everybody runs who can
                left = leftovers::of(&fabric);
                if left.is_empty() {
                    return;
                }
            }
            assert!(left.is_empty(), "not at rest at {at}:\n  {}", left.join("\n  "));
        }
    }

    /// No handle of a channel exists but the fabric's own, and those that no report names.
    ///
    /// # Panics
    /// There are some: each is named with the line that made it.
    #[track_caller]
    pub fn assert_released(&self) {
        let handles = self.fabric().snapshot().handles;
        let held: Vec<_> = handles
            .iter()
            .map(|it| format!("{} {} of `{}`, made at {}", it.count, it.kind, it.channel, it.location))
            .collect();
        assert!(held.is_empty(), "still held:\n  {}", held.join("\n  "));
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "a test that cannot do what it says fails")]
    fn channel<M: Message>(&self, name: &str) -> stratoswarm_core::Channel<M> {
        let fabric = self.fabric();
        let found = fabric.get::<M>(name).map_or_else(|| fabric.channel::<M>(name).open(), Ok);
        found.unwrap_or_else(|error| panic!("{error}"))
    }

    fn guarded<F: Future>(&self, name: &str, component: F) -> Guarded<F> {
        Guarded::new(component, self.inner.disturbance.yields_of_task(name))
    }

    fn outcome<T>(&self, name: &str, ended: Ended<T>) -> Option<T> {
        match ended {
            Ended::Done(output) => Some(output),
            Ended::Faulted => {
                lock(&self.inner.ended).push(name.to_owned());
                None
            }
            Ended::Panicked(payload) => {
                let mut crash = lock(&self.inner.crash);
                let told = format!("task `{name}` {}", panics::told(&*payload));
                crash.told.get_or_insert(told);
                let waker = crash.waker.take();
                drop(crash);
                if let Some(waker) = waker {
                    waker.wake();
                }
                None
            }
        }
    }

    /// The tasks that a fault has ended.
    pub(crate) fn ended(&self) -> Vec<String> {
        lock(&self.inner.ended).clone()
    }

    fn has_crashed(&self) -> bool {
        lock(&self.inner.crash).told.is_some()
    }

    /// What a task's panic told, once there was one.
    pub(crate) fn poll_crash(&self, cx: &Context<'_>) -> Poll<String> {
        let mut crash = lock(&self.inner.crash);
        match crash.told.take() {
            Some(told) => Poll::Ready(told),
            None => {
                crash.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// What does not move.
    pub(crate) fn explain(&self) -> String {
        let Some(fabric) = self.inner.fabric.get() else { return "there is no channel\n".to_owned() };
        let verdicts = fabric.explainer().threshold(Duration::ZERO).look();
        let mut text: String = verdicts.iter().map(ToString::to_string).collect();
        if verdicts.is_empty() {
            text.push_str("no channel is held up\n");
        }
        for left in leftovers::of(fabric) {
            text.push_str(&format!("{left}\n"));
        }
        text
    }

    /// Ends the recording, if there is one; whether there was.
    pub(crate) async fn finish_recording(&self) -> bool {
        let recording = lock(&self.inner.recording).take();
        match recording {
            Some(recording) => recording.finish().await.is_ok(),
            None => false,
        }
    }

    fn close_later(&self, channel: Option<String>, faults: &Faults) {
        let disturbance = Arc::clone(&self.inner.disturbance);
        let Some(after) = faults.close_at.filter(|_| !disturbance.leaves_out(FaultKind::Close)) else {
            return;
        };
        let (kit, at) = (Arc::downgrade(&self.inner), self.inner.begin + after);
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            let Some(fabric) = kit.upgrade().and_then(|inner| inner.fabric.get().cloned()) else { return };
            let names = channel.map_or_else(
                || fabric.channels().into_iter().map(|channel| channel.name).collect(),
                |name| vec![name],
            );
            for name in names {
                if disturbance.count(FaultKind::Close, &name) {
                    fabric.close(&name);
                }
            }
        });
    }
}

impl fmt::Debug for Kit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kit")
            .field("seed", &self.seed())
            .field("faults", &self.faults())
            .finish_non_exhaustive()
    }
}
