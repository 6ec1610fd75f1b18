use std::{
    any::Any,
    collections::{HashMap, VecDeque, hash_map},
    panic::RefUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{Gone, any_channel::AnyChannel};
use crate::{
    error::OpenError,
    handle::{ChannelFacts, Handle, Home, Shared},
    stats::ChannelKind,
    sync::{Mutex, Rank},
    tasks::Registry,
    trace::Tracer,
    traced::Turns,
};

/// The channels of a fabric, by name. Nothing of a channel is looked at under its lock: they are taken out for that.
pub(super) struct Directory {
    channels: Mutex<Channels>,
    closed: AtomicBool,
    /// How many want messages to be sampled.
    sampling: AtomicUsize,
    pub(super) settings: Settings,
    /// The admissions and hand-overs of its traced channels.
    pub(super) turns: Turns,
    /// The tasks that the fabric was told of.
    pub(super) tasks: Arc<Registry>,
}

// No user's code runs under its lock, the tracer's neither.
impl RefUnwindSafe for Directory {}

/// What holds for all channels.
#[derive(Default)]
pub(super) struct Settings {
    /// How many messages may wait in each, whatever else is stated.
    pub(super) capacity: Option<usize>,
    /// Who is told of each step of their messages.
    pub(super) tracer: Option<Arc<dyn Tracer>>,
    /// Who disturbs them.
    #[cfg(feature = "chaos")]
    pub(super) chaos: Option<Arc<dyn crate::chaos::Chaos>>,
}

#[derive(Default)]
struct Channels {
    of: HashMap<String, Entry>,
    /// Those whose last handle went while a delivery of theirs existed.
    lingering: VecDeque<String>,
    gone: Gone,
}

/// One channel. The entry keeps it open, unless it is ephemeral.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) order: i32,
    /// Whether it lives only as long as its handles.
    pub(super) ephemeral: bool,
    pub(super) channel: Arc<dyn AnyChannel>,
}

impl Entry {
    pub(super) fn channel(&self) -> &dyn AnyChannel {
        &*self.channel
    }

    /// The channel, if it is of this type.
    pub(super) fn of<M: Clone + Send + 'static>(&self, kind: ChannelKind) -> Option<Arc<Shared<M>>> {
        if self.channel.kind() != kind {
            return None;
        }
        let any: Arc<dyn Any + Send + Sync> = Arc::<dyn AnyChannel>::clone(&self.channel);
        any.downcast().ok()
    }

    /// Whether its name may be used for another channel: it is closed and drained, or nobody can send any more.
    fn is_free(&self) -> bool {
        self.channel.is_mute() || self.channel.is_spent()
    }

    pub(super) fn describe(&self) -> String {
        let mut text = describe(self.channel.kind(), self.channel.message(), Some(self.channel.capacity()));
        if self.order != 0 {
            text.push_str(&format!(", order {}", self.order));
        }
        if self.ephemeral {
            text.push_str(", ephemeral");
        }
        text
    }

    fn is(&self, other: &Self) -> bool {
        self.channel.address() == other.channel.address()
    }

    /// The fabric lets go of it.
    fn let_go(self) {
        if !self.ephemeral {
            self.channel.drop_sender();
        }
    }
}

/// What a channel is or is asked to be, as far as it is stated: one wording for both sides of a conflict.
pub(super) fn describe(kind: ChannelKind, message: &str, capacity: Option<usize>) -> String {
    let capacity = capacity.map_or_else(String::new, |capacity| format!(", capacity {capacity}"));
    format!("{kind} of {message}{capacity}")
}

/// Where a channel is to be opened.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) name: &'a str,
    pub(super) order: i32,
    pub(super) ephemeral: bool,
}

impl Directory {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            channels: Mutex::new(Rank::Fabric, Channels::default()),
            closed: AtomicBool::new(false),
            sampling: AtomicUsize::new(0),
            settings,
            turns: Turns::default(),
            tasks: Arc::default(),
        }
    }

    /// The channel of this name, unless the name is free.
    pub(super) fn find(&self, name: &str) -> Option<Entry> {
        let found = self.channels.lock().of.get(name).cloned()?;
        (!found.is_free()).then_some(found)
    }

    /// Every channel there is, also those that are over.
    pub(super) fn all(&self) -> Vec<(String, Entry)> {
        self.sweep(usize::MAX);
        Self::named(&self.channels.lock())
    }

    /// What a look sees of every channel that is there, by their names; none if those are locked for longer than this.
    pub(super) fn facts(&self, within: Duration) -> Option<Vec<ChannelFacts>> {
        let mut channels = Self::named(&*self.channels.try_lock_for(within)?);
        channels.sort_by(|(a, _), (b, _)| a.cmp(b)); // before: facts are large
        let look = |(_, entry): &(String, Entry)| {
            let mut facts = entry.channel.facts(within);
            facts.is_kept_open = !entry.ephemeral;
            facts
        };
        Some(channels.iter().map(look).collect())
    }

    /// One more wants messages to be sampled, or one less.
    pub(super) fn sample(&self, more: bool) {
        let before = if more {
            self.sampling.fetch_add(1, Ordering::SeqCst)
        } else {
            self.sampling.fetch_sub(1, Ordering::SeqCst)
        };
        if before == usize::from(!more) {
            self.all().iter().for_each(|(_, entry)| entry.channel.sample_if(&self.sampling));
        }
    }

    /// Every channel whose name is not free, in the order of their closing.
    pub(super) fn live(&self) -> Vec<Entry> {
        let mut all = self.all();
        all.sort_by(|(a, one), (b, other)| (one.order, a).cmp(&(other.order, b)));
        let all = all.into_iter().map(|(_, entry)| entry);
        all.filter(|entry| !entry.channel.is_spent()).collect()
    }

    fn named(channels: &Channels) -> Vec<(String, Entry)> {
        channels.of.iter().map(|(name, entry)| (name.clone(), entry.clone())).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.channels.lock().of.len()
    }

    /// A handle of the channel in this place, which is made if its name is free. `make` makes it complete, so that nobody
    /// finds one that is not; `found` looks at one that is there, and gives nothing if it has just ended.
    pub(super) fn open<M: Clone + Send + 'static>(
        self: &Arc<Self>,
        place: Place<'_>,
        found: impl Fn(&Entry) -> Option<Result<Handle<M>, OpenError>>,
        make: impl Fn() -> Result<Arc<Shared<M>>, OpenError>,
        handle: impl Fn(Arc<Shared<M>>) -> Option<Handle<M>>,
    ) -> Result<Handle<M>, OpenError> {
        self.sweep(2); // of more that linger than are opened, none stays for long
        loop {
            if self.closed.load(Ordering::SeqCst) {
                return Err(OpenError::Closed);
            }
            let existing = self.channels.lock().of.get(place.name).cloned();
            if let Some(existing) = existing.as_ref().filter(|existing| !existing.is_free())
                && let Some(found) = found(existing)
            {
                return found;
            }
            let shared = match make() {
                Ok(shared) => shared,
                Err(_) if self.is_another(place.name, existing.as_ref()) => continue,
                Err(error) => return Err(error),
            };
            shared.set_home(Arc::<Self>::downgrade(self));
            #[cfg(feature = "chaos")]
            if let Some(chaos) = &self.settings.chaos {
                shared.disturb(chaos);
            }
            let first = Handle::unlisted(Arc::clone(&shared)); // keeps it open until there is another
            let Some(made) = handle(Arc::clone(&shared)) else { continue };
            let Place { name, order, ephemeral } = place;
            if !ephemeral {
                shared.add_sender(); // the fabric's own
            }
            drop(first);
            let entry = Entry { order, ephemeral, channel: Arc::<Shared<M>>::clone(&shared) };
            let Ok(replaced) = self.place(name, entry, existing.as_ref()) else {
                continue; // somebody else opened it meanwhile
            };
            if let Some(replaced) = replaced {
                self.count(&replaced);
                replaced.let_go();
            }
            shared.sample_if(&self.sampling);
            if self.closed.load(Ordering::SeqCst) {
                made.close(); // a shutdown began meanwhile, and may not have seen it
                return Err(OpenError::Closed);
            }
            return Ok(made);
        }
    }

    /// Whether there is another channel of this name by now.
    fn is_another(&self, name: &str, instead: Option<&Entry>) -> bool {
        let now = self.channels.lock().of.get(name).cloned();
        now.is_some_and(|now| instead.is_none_or(|instead| !now.is(instead)))
    }

    /// Puts a channel in the place of the one that was there, if it still is.
    fn place(&self, name: &str, entry: Entry, instead: Option<&Entry>) -> Result<Option<Entry>, Entry> {
        // `instead` is the caller's: it may be the last reference to its channel, whose drop runs users' code.
        let mut channels = self.channels.lock();
        match channels.of.entry(name.to_owned()) {
            hash_map::Entry::Vacant(place) => {
                place.insert(entry);
                Ok(None)
            }
            hash_map::Entry::Occupied(mut place)
                if instead.is_some_and(|instead| place.get().is(instead)) =>
            {
                Ok(Some(place.insert(entry)))
            }
            hash_map::Entry::Occupied(_) => Err(entry),
        }
    }

    /// Takes a channel out.
    pub(super) fn remove(&self, name: &str) -> Option<Entry> {
        self.channels.lock().of.remove(name)
    }

    /// The fabric lets go of a channel that was taken out.
    pub(super) fn let_go(entry: Entry) {
        entry.let_go();
    }

    /// Nothing can be opened from now on.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// What is known of the channels that went by themselves since this was asked for the last time.
    pub(super) fn take_gone(&self) -> Gone {
        std::mem::take(&mut self.channels.lock().gone)
    }

    fn count(&self, entry: &Entry) {
        let undelivered = entry.channel.undelivered();
        let mut channels = self.channels.lock();
        channels.gone.channels += 1;
        channels.gone.undelivered += undelivered;
    }

    /// Takes a channel out that nobody can come to any more, if it is still the one of this name.
    fn forget(&self, name: &str, channel: usize) {
        let entry = self.channels.lock().of.get(name).filter(|it| it.channel.address() == channel).cloned();
        let Some(entry) = entry else { return };
        if !entry.channel.is_deserted() {
            if !entry.channel.has_handles() {
                self.channels.lock().lingering.push_back(name.to_owned());
            } // else its last handle will come here
            return;
        }
        let mut channels = self.channels.lock();
        let removed = match channels.of.entry(name.to_owned()) {
            hash_map::Entry::Occupied(place) if place.get().is(&entry) => Some(place.remove()),
            _ => None,
        };
        if channels.of.len() < channels.of.capacity() / 8 {
            let len = channels.of.len();
            channels.of.shrink_to(2 * len);
        }
        drop(channels);
        if let Some(removed) = removed {
            self.count(&removed);
            removed.let_go();
        }
    }

    /// Looks again at so many channels that linger.
    fn sweep(&self, most: usize) {
        let lingering = {
            let mut channels = self.channels.lock();
            if channels.lingering.is_empty() {
                return;
            }
            let looked_at = channels.lingering.len().min(most);
            channels.lingering.drain(..looked_at).collect::<Vec<_>>() // the longest there first
        };
        for name in lingering {
            let entry = self.channels.lock().of.get(&name).cloned();
            if let Some(entry) = entry {
                self.forget(&name, entry.channel.address());
            }
        }
    }
}

impl Home for Directory {
    fn deserted(&self, name: &str, channel: usize) {
        self.forget(name, channel);
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let channels = std::mem::take(&mut self.channels.lock().of);
        channels.into_values().for_each(Entry::let_go);
    }
}
