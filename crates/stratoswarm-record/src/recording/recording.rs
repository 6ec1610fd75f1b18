use std::{
    fmt,
    future::poll_fn,
    io,
    path::PathBuf,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use tokio::sync::{oneshot, watch};

use super::{
    RecordError, RecordingBuilder, RecordingReport,
    session::Session,
    stop::{Alarm, Stop},
};

/// How long the thread sleeps where messages come, and at most where none do.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// A recording of channels into a file, as long as it is there.
///
/// A thread of its own, `stratoswarm-recorder`, looks at the channels every 1 to 50 ms, writes what it finds, and is woken by a
/// sender only when half of what a channel may hold for it is used. So a sender pays for one clone of its message, and for no system call. Times in
/// the file are those of the looks; the order within a channel is that of admission.
///
/// The file is in the format [MCAP](https://mcap.dev), not compressed, for its owner alone; it never takes the place of another.
/// It can be read at any moment, up to what was written: at most a second or a mebibyte of messages is not.
/// Dropped, the recording ends by itself, soon; [`finish`](Self::finish) waits for that.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use serde::{Deserialize, Serialize};
/// use stratoswarm_core::{Fabric, Message, NoReply, wire};
/// use stratoswarm_record::{Recorded, Recording};
///
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct Job { id: u32, token: String }
/// impl Message for Job { type Reply = NoReply; }
/// wire!(Job as "lab.job");
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.mcap");
/// let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").open()?;
/// let recording = Recording::create(&path)
///     .meta("seed", 7)
///     .channel(&jobs).depth(100_000).redact(|job| job.token.clear())
///     .start()?;
/// for id in 0..3 {
///     jobs.send(Job { id, token: "secret".to_owned() }).await?;
/// }
/// let report = recording.finish().await?;
/// assert_eq!((report.channels[0].recorded, report.channels[0].missed), (3, 0));
///
/// let recorded = Recorded::open([&path])?;
/// let jobs: Vec<Job> = recorded.records().map(|record| record?.message()).collect::<Result<_, _>>()?;
/// assert_eq!(jobs[2], Job { id: 2, token: String::new() });
/// # Ok(()) }
/// ```
#[must_use = "it ends when it is dropped"]
pub struct Recording {
    stop: Arc<Stop>,
    done: oneshot::Receiver<RecordingReport>,
    failed: watch::Receiver<Option<RecordError>>,
    required: bool,
}

impl Recording {
    /// A recording into a new file of this path, as soon as it is started.
    pub fn create(path: impl Into<PathBuf>) -> RecordingBuilder {
        RecordingBuilder::new(path.into())
    }

    pub(super) fn in_thread(
        session: Session,
        failed: watch::Receiver<Option<RecordError>>,
        required: bool,
    ) -> io::Result<Self> {
        let (stop, (tell, done)) = (Arc::<Stop>::default(), oneshot::channel());
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name("stratoswarm-recorder".to_owned());
        thread.spawn(move || {
            let report = watch_and_write(session, &stopped, PAUSES);
            let _ = tell.send(report); // nobody may want it
        })?;
        Ok(Self { stop, done, failed, required })
    }

    pub(super) fn in_task(
        mut session: Session,
        failed: watch::Receiver<Option<RecordError>>,
        required: bool,
    ) -> Self {
        let (stop, (tell, done)) = (Arc::<Stop>::default(), oneshot::channel());
        let stopped = Arc::clone(&stop);
        tokio::spawn(async move {
            loop {
                let any = poll_fn(|cx| {
                    stopped.register(cx.waker());
                    let any = session.poll_filled(cx, |_| 1);
                    if any || stopped.is_asked() { Poll::Ready(any) } else { Poll::Pending }
                });
                if !any.await {
                    break;
                }
                session.look();
                tokio::task::yield_now().await;
            }
            let _ = tell.send(session.finish());
        });
        Self { stop, done, failed, required }
    }

    /// Takes what the channels have admitted until now, ends the file, and tells what became of it.
    ///
    /// # Errors
    /// If it ended early, and was [required](RecordingBuilder::required); else that is in the report.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the recording ends all the same, and nobody is told.
    pub async fn finish(mut self) -> Result<RecordingReport, RecordError> {
        self.stop.ask();
        let failure = || self.failed.borrow().clone();
        match (&mut self.done).await {
            Ok(report) => match &report.failure {
                Some(error) if self.required => Err(error.clone()),
                _ => Ok(report),
            },
            // The runtime has ended, and the recording with it.
            Err(_) => Ok(RecordingReport { channels: Vec::new(), parts: Vec::new(), failure: failure() }),
        }
    }

    /// Waits until it has ended early, as on a full disk; for ever, where it does not.
    ///
    /// # Cancel safety
    /// It takes nothing.
    pub async fn failed(&self) -> RecordError {
        let mut failed = self.failed.clone();
        match failed.wait_for(Option::is_some).await.map(|error| error.clone()) {
            Ok(Some(error)) => error,
            _ => std::future::pending().await,
        }
    }
}

/// Looks and writes until it is told to stop, with pauses between these two.
pub(super) fn watch_and_write(
    mut session: Session,
    stop: &Stop,
    (least, most): (Duration, Duration),
) -> RecordingReport {
    let alarm = Alarm::here();
    let waker = Waker::from(Arc::clone(&alarm));
    stop.register(&waker);
    let (mut pause, mut cx) = (least, Context::from_waker(&waker));
    while !stop.is_asked() {
        let (found, more) = session.look();
        if more {
            continue;
        }
        pause = if found > 0 { least } else { (pause * 2).min(most) };
        // What was registered once stays so until it rings.
        if !alarm.has_rung() || !session.poll_filled(&mut cx, |depth| depth / 2) {
            thread::park_timeout(pause);
        }
    }
    session.finish()
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.stop.ask();
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").finish_non_exhaustive()
    }
}
