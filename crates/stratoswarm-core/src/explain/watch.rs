use std::{
    fmt,
    sync::{Arc, mpsc},
    thread,
    time::Instant,
};

use super::{Explainer, Verdict, WatchEvent, WatchOptions};
use crate::contain::contain;

/// A thread that looks at a fabric from time to time and tells what begins and what ends not to move. Made by
/// [`Fabric::watch`](crate::Fabric::watch); it ends when this is dropped, or with the fabric.
///
/// It is a thread, as it may be the runtime that hangs, and does not keep the fabric.
#[must_use = "dropped, it watches no more"]
pub struct Watch {
    /// Gone, it tells the thread to end.
    _stop: mpsc::Sender<()>,
}

impl Watch {
    pub(super) fn start(
        options: WatchOptions,
        mut tell: impl FnMut(WatchEvent) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let WatchOptions { explainer, interval } = options;
        let mut watcher = Watcher { explainer, known: Vec::new() };
        let watch = move || {
            let mut due = Instant::now() + interval;
            while stopped.recv_timeout(due.saturating_duration_since(Instant::now()))
                == Err(mpsc::RecvTimeoutError::Timeout)
            {
                let Some(events) = watcher.tick(due.elapsed() > interval) else { return };
                for event in events {
                    contain(|| tell(event));
                }
                due = Instant::now() + interval;
            }
        };
        thread::Builder::new().name("stratoswarm-watch".to_owned()).spawn(watch)?;
        Ok(Self { _stop: stop })
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// What has been told of.
struct Watcher {
    explainer: Explainer,
    known: Vec<Arc<Verdict>>,
}

impl Watcher {
    /// What has begun and ended since the last look; none once the fabric is gone. `late`: the host stood still, so that what
    /// seems to have lasted may not have.
    fn tick(&mut self, late: bool) -> Option<Vec<WatchEvent>> {
        let now = self.explainer.try_look()?;
        if late {
            self.explainer.forget();
            return Some(Vec::new());
        }
        let is_same = |one: &Verdict, other: &Verdict| one.kind == other.kind && one.key == other.key;
        let (known, ended): (Vec<_>, Vec<_>) =
            self.known.drain(..).partition(|known| now.iter().any(|verdict| is_same(known, verdict)));
        let begun: Vec<_> = now
            .into_iter()
            .filter(|verdict| !known.iter().any(|known| is_same(known, verdict)))
            .map(Arc::new)
            .collect();
        let events = ended.into_iter().map(WatchEvent::Ended);
        let events = events.chain(begun.iter().cloned().map(WatchEvent::Began)).collect();
        self.known = known;
        self.known.extend(begun);
        Some(events)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Fabric, examples::Job};

    #[tokio::test(start_paused = true)]
    async fn each_verdict_is_told_when_it_begins_and_when_it_ends_and_none_after_a_standstill() {
        let fabric = Fabric::new();
        let jobs = fabric.channel::<Job>("jobs").capacity(1).open().unwrap();
        jobs.send(Job(1)).await.unwrap();
        let mut watcher = Watcher { explainer: fabric.explainer(), known: Vec::new() };
        assert_eq!(watcher.tick(false).unwrap().len(), 0);
        let mut waiting = Box::pin(jobs.send(Job(2)));
        assert!(futures::poll!(&mut waiting).is_pending());
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(watcher.tick(true).unwrap().len(), 0, "the host stood still");
        let began = watcher.tick(false).unwrap();
        assert!(matches!(&began[..], [WatchEvent::Began(it)] if it.channels == ["jobs"]), "{began:?}");
        assert_eq!(watcher.tick(false).unwrap().len(), 0, "once");
        let mut worker = jobs.join("workers");
        drop(worker.try_recv());
        waiting.await.unwrap();
        let ended = watcher.tick(false).unwrap();
        assert!(matches!(&ended[..], [WatchEvent::Ended(it)] if it.channels == ["jobs"]), "{ended:?}");
        drop((worker, jobs, fabric));
        assert!(watcher.tick(false).is_none(), "it does not keep the fabric");
    }
}
