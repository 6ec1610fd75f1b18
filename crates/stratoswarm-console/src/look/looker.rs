use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{Notify, watch},
    task::spawn_blocking,
    time::{Instant, sleep_until, timeout},
};

use super::{Source, View};

/// From one look to the next while somebody watches.
const WATCHED: Duration = Duration::from_millis(100);
/// While nobody does.
const UNWATCHED: Duration = Duration::from_secs(1);
/// Whoever asks, and no stream of whom is open, watches for so long.
const ATTENTION: Duration = Duration::from_secs(3);
/// A look that takes longer is told of: it hangs.
const PATIENCE: Duration = Duration::from_secs(1);
/// Looking takes one part of so many of a thread's time at most, watched and not; half of it for those who ask one by one.
const SHARES: [u32; 2] = [10, 50];

/// So many may watch at once.
const STREAMS: usize = 64;

/// What is known by now.
#[derive(Debug, Clone)]
pub(crate) enum Latest {
    /// Not looked at yet.
    Nothing,
    View(Arc<View>),
    /// The fabric is gone.
    Gone,
}

/// Whoever asks for looks.
#[derive(Debug, Clone)]
pub(crate) struct Looks {
    source: Arc<Source>,
    wanted: Arc<Wanted>,
    latest: watch::Receiver<Latest>,
}

/// How much is asked for.
#[derive(Debug, Default)]
struct Wanted {
    streams: AtomicUsize,
    /// Somebody has asked who will ask again soon.
    attention: AtomicBool,
    /// Somebody waits for a look.
    now: Notify,
}

/// Looks from time to time, more often while somebody watches.
#[derive(Debug)]
pub(crate) struct Looker {
    source: Arc<Source>,
    wanted: Arc<Wanted>,
    latest: watch::Sender<Latest>,
    attention_until: Option<Instant>,
}

impl Looker {
    pub(crate) fn new(source: Source) -> (Self, Looks) {
        let (source, wanted) = (Arc::new(source), Arc::<Wanted>::default());
        let (sender, latest) = watch::channel(Latest::Nothing);
        let looks = Looks { source: Arc::clone(&source), wanted: Arc::clone(&wanted), latest };
        (Self { source, wanted, latest: sender, attention_until: None }, looks)
    }

    /// Looks until the fabric is gone.
    pub(crate) async fn run(mut self) {
        let (mut due, mut earliest) = (Instant::now(), Instant::now());
        loop {
            let is_asked = tokio::select! {
                () = sleep_until(due) => false,
                () = self.wanted.now.notified() => {
                    sleep_until(earliest).await;
                    true
                }
            };
            let begin = Instant::now();
            if self.wanted.attention.swap(false, Ordering::Relaxed) {
                self.attention_until = Some(begin + ATTENTION);
            }
            let Some(view) = self.look(is_asked || self.is_watched()).await else {
                self.latest.send_replace(Latest::Gone);
                return;
            };
            self.latest.send_replace(Latest::View(view));
            let took = begin.elapsed();
            let [watched, unwatched] = SHARES;
            let pause =
                if self.is_watched() { WATCHED.max(took * watched) } else { UNWATCHED.max(took * unwatched) };
            (due, earliest) = (begin + pause, begin + 2 * took);
        }
    }

    fn is_watched(&self) -> bool {
        self.wanted.streams.load(Ordering::Relaxed) > 0
            || self.attention_until.is_some_and(|until| Instant::now() < until)
    }

    /// One look. While it hangs, those who watch are told so.
    async fn look(&mut self, is_wanted: bool) -> Option<Arc<View>> {
        let begin = Instant::now();
        let source = Arc::clone(&self.source);
        let mut look = spawn_blocking(move || source.look(is_wanted));
        loop {
            if let Ok(looked) = timeout(PATIENCE, &mut look).await {
                return looked.ok().flatten().map(Arc::new);
            }
            let before = match &*self.latest.borrow() {
                Latest::View(view) => view.seen.clone(),
                _ => None,
            };
            let (source, waiting) = (Arc::clone(&self.source), begin.elapsed());
            if let Ok(view) = spawn_blocking(move || source.without_look(before, waiting)).await {
                self.latest.send_replace(Latest::View(Arc::new(view)));
            }
        }
    }
}

impl Looks {
    /// The same as [`fresh`](Self::fresh), for one who asks again and again: it is looked more often for some time.
    pub(crate) async fn next(&self) -> Latest {
        self.wanted.attention.store(true, Ordering::Relaxed);
        self.fresh().await
    }

    /// What is there by a look that begins now; by the one before it, if that look hangs.
    pub(crate) async fn fresh(&self) -> Latest {
        let asked = std::time::Instant::now();
        let mut latest = self.latest.clone();
        self.wanted.now.notify_one();
        let is_new = |latest: &Latest| match latest {
            Latest::Nothing => false,
            Latest::View(view) => view.at >= asked && view.is_whole(),
            Latest::Gone => true,
        };
        let found = latest.wait_for(is_new).await;
        found.map_or(Latest::Gone, |found| found.clone()) // whoever looks ends with the server
    }

    /// Why nothing moves, as one object, looked at now; none once the fabric is gone.
    pub(crate) async fn explain(&self) -> Option<Bytes> {
        let source = Arc::clone(&self.source);
        spawn_blocking(move || source.explain()).await.ok().flatten()
    }

    /// Each look from now on, more of them while this exists; none if too many watch.
    pub(crate) fn watch(&self) -> Option<Watching> {
        if self.wanted.streams.fetch_add(1, Ordering::Relaxed) >= STREAMS {
            self.wanted.streams.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        self.wanted.now.notify_one();
        let mut latest = self.latest.clone();
        latest.mark_unchanged();
        Some(Watching { wanted: Arc::clone(&self.wanted), latest })
    }
}

/// Somebody who watches.
#[derive(Debug)]
pub(crate) struct Watching {
    wanted: Arc<Wanted>,
    latest: watch::Receiver<Latest>,
}

impl Watching {
    /// The newest look that was not had yet; none once the fabric is gone.
    pub(crate) async fn next(&mut self) -> Option<Arc<View>> {
        loop {
            self.latest.changed().await.ok()?;
            match &*self.latest.borrow_and_update() {
                Latest::View(view) if view.is_whole() => return Some(Arc::clone(view)),
                Latest::Gone => return None,
                _ => {}
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.wanted.streams.fetch_sub(1, Ordering::Relaxed);
    }
}
