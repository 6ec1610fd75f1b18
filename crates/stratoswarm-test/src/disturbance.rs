use std::{
    collections::HashMap,
    panic::RefUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use stratoswarm_core::{Chaos, Hold, Moment};

use crate::{
    FaultKind, Faults, Tally,
    chance::Chance,
    current::current,
    lines::Lines,
    pause::{End, Pause},
    plan::Plan,
};

/// One of how many first deliveries is given back.
const NAKS: f64 = 0.1;

/// Draws the faults of a run, each kind on each channel from a stream of its own: to leave one kind out moves no other.
#[derive(Debug)]
pub(crate) struct Disturbance {
    plan: Plan,
    state: Mutex<State>,
    lines: Arc<Lines>,
}

#[derive(Debug, Default)]
struct State {
    everywhere: Faults,
    on: Vec<(String, Faults)>,
    channels: HashMap<String, Streams>,
    tally: Tally,
}

/// What is drawn from for one channel.
#[derive(Debug)]
struct Streams {
    faults: Faults,
    /// For each kind, once it was needed.
    of: [Option<Chance>; FaultKind::ALL.len()],
}

// It is whole whenever its lock is released.
impl RefUnwindSafe for Disturbance {}

impl Disturbance {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan, state: Mutex::default(), lines: Arc::default() }
    }

    pub(crate) fn on(&self, channel: &str, faults: Faults) {
        let mut state = self.lock();
        let faults = faults.without(&self.plan.without);
        state.on.push((channel.to_owned(), faults));
        state.channels.clear();
    }

    pub(crate) fn everywhere(&self, faults: Faults) {
        let mut state = self.lock();
        let faults = faults.without(&self.plan.without);
        state.everywhere = faults.or(&state.everywhere);
        state.channels.clear();
    }

    /// Whether this kind is left out.
    pub(crate) fn leaves_out(&self, kind: FaultKind) -> bool {
        self.plan.without.contains(&kind)
    }

    /// Counts a fault, if there may be another of its kind.
    pub(crate) fn count(&self, kind: FaultKind, channel: &str) -> bool {
        self.admit(&mut self.lock(), kind, channel)
    }

    pub(crate) fn tally(&self) -> Tally {
        self.lock().tally.clone()
    }

    /// How many others run before this task begins.
    pub(crate) fn yields_of_task(&self, name: &str) -> u32 {
        let mut state = self.lock();
        let Some(most) = state.everywhere.yields else { return 0 };
        let mut chance = Chance::of(self.plan.seed ^ 1, name);
        let yields = chance.below(u64::from(most) + 1) as u32;
        if yields > 0 && self.admit(&mut state, FaultKind::Yields, "") { yields } else { 0 }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, state: &mut State, kind: FaultKind, channel: &str) -> bool {
        let most = self.plan.at_most.get(&kind).copied().unwrap_or(u64::MAX);
        let admitted = state.tally.of(kind) < most;
        if admitted {
            state.tally.count(kind, channel);
        }
        admitted
    }

    /// Draws, if this kind is stated: whether something happens, and what.
    fn draw<S, T>(
        &self,
        kind: FaultKind,
        channel: &str,
        stated: impl FnOnce(&Faults) -> Option<S>,
        draw: impl FnOnce(&mut Chance, S) -> Option<T>,
    ) -> Option<T> {
        let mut state = self.lock();
        let streams = state.streams(channel)?;
        let stated = stated(&streams.faults)?;
        let seed = self.plan.seed.wrapping_mul(31).wrapping_add(kind as u64);
        let chance = streams.of[kind as usize].get_or_insert_with(|| Chance::of(seed, channel));
        let drawn = draw(chance, stated)?;
        self.admit(&mut state, kind, channel).then_some(drawn)
    }

    fn happens(&self, kind: FaultKind, channel: &str, of: impl FnOnce(&Faults) -> Option<f64>) -> bool {
        self.draw(kind, channel, of, |chance, probability| chance.happens(probability).then_some(()))
            .is_some()
    }

    fn end(&self, channel: &str, moment: Moment) -> Option<End> {
        if moment == Moment::Handle {
            let panics = self.happens(FaultKind::PanicHandler, channel, |faults| faults.panic_handlers);
            return panics.then_some(End::Panic);
        }
        current()?; // the kit's tasks alone
        if self.happens(FaultKind::PanicTask, channel, |faults| faults.panic_tasks) {
            return Some(End::Panic);
        }
        self.happens(FaultKind::AbortTask, channel, |faults| faults.abort_tasks).then_some(End::Abort)
    }

    fn yields(&self, channel: &str) -> u32 {
        let some = |chance: &mut Chance, most: u32| {
            Some(chance.below(u64::from(most) + 1) as u32).filter(|yields| *yields > 0)
        };
        self.draw(FaultKind::Yields, channel, |faults| faults.yields, some).unwrap_or(0)
    }

    fn after(&self, channel: &str, moment: Moment) -> Duration {
        let after = match moment {
            Moment::Send | Moment::Request => self.draw(
                FaultKind::Delay,
                channel,
                |faults| faults.delay.clone(),
                |chance, range| {
                    let span = range.end.saturating_sub(range.start);
                    let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
                    Some(range.start + Duration::from_nanos(chance.below(nanos))).filter(|it| !it.is_zero())
                },
            ),
            Moment::Receive => {
                self.draw(FaultKind::SlowReader, channel, |faults| faults.slow_reader, |_, pause| Some(pause))
            }
            _ => None,
        };
        after.unwrap_or(Duration::ZERO)
    }
}

impl State {
    fn streams(&mut self, channel: &str) -> Option<&mut Streams> {
        if !self.channels.contains_key(channel) {
            let named = self.on.iter().rev().filter(|(name, _)| name == channel);
            let faults = named.fold(Faults::new(), |faults, (_, others)| faults.or(others));
            let faults = faults.or(&self.everywhere);
            self.channels.insert(channel.to_owned(), Streams { faults, of: Default::default() });
        }
        self.channels.get_mut(channel)
    }
}

impl Chaos for Disturbance {
    fn hold(&self, channel: &str, moment: Moment) -> Option<Hold> {
        let sends = matches!(moment, Moment::Send | Moment::Request);
        let mut pause = Pause::default();
        pause.end = self.end(channel, moment);
        pause.yields = self.yields(channel);
        pause.after = self.after(channel, moment);
        if tokio::runtime::Handle::try_current().is_err() {
            pause.after = Duration::ZERO; // nobody keeps the time here
        }
        if sends && (!pause.is_none() || self.lines.is_busy(channel)) {
            pause.place = Some(self.lines.join(channel));
        }
        (!pause.is_none()).then(|| Box::pin(pause) as Hold)
    }

    fn loses(&self, channel: &str) -> bool {
        self.happens(FaultKind::Lose, channel, |faults| faults.lose)
    }

    fn is_late(&self, channel: &str) -> bool {
        self.happens(FaultKind::LateReply, channel, |faults| faults.late_replies)
    }

    fn repeats(&self, channel: &str) -> bool {
        self.happens(FaultKind::Repeat, channel, |faults| faults.repeat)
    }

    fn refuses(&self, channel: &str, attempt: u32) -> Option<Duration> {
        let refuses = |chance: &mut Chance, after| (attempt == 1 && chance.happens(NAKS)).then_some(after);
        self.draw(FaultKind::Nak, channel, |faults| faults.nak_delay, refuses)
    }
}
