//! The small message of most tests, channels of it, and futures polled by hand.

use std::{
    future::Future,
    io, panic,
    sync::{Arc, Mutex, Once, OnceLock, mpsc},
    task::Poll,
    thread::{self, ThreadId},
    time::Duration,
};
use stratoswarm_core::{
    Broadcast, Channel, ChannelInfo, Fabric, LossySubscriber, Message, ReaderInfo, ReaderKind, Receiver,
    Subscriber,
};
use tokio_test::task::Spawn;
use tracing::Dispatch;
use tracing_subscriber::filter::LevelFilter;

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Number(pub(crate) u64);

impl Message for Number {
    type Reply = u64;
}

/// A channel whose only sending handle is the one returned.
pub(crate) fn channel(capacity: usize) -> Channel<Number> {
    Fabric::new().channel("numbers").capacity(capacity).open().unwrap()
}

pub(crate) fn broadcast(capacity: usize) -> Broadcast<Number> {
    Fabric::new().broadcast("numbers").capacity(capacity).open().unwrap()
}

/// Sends each of them at once.
pub(crate) fn put(channel: &Channel<Number>, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        channel.try_send(Number(number)).unwrap_or_else(|_| panic!("{number} finds no room"));
    }
}

/// True if a send would have to wait. Needs no room of its own: a permit given back at once.
pub(crate) fn is_full(channel: &Channel<Number>) -> bool {
    channel.try_reserve().is_err()
}

/// The next message, which must be there.
pub(crate) fn take(receiver: &mut Receiver<Number>) -> u64 {
    receiver.try_recv().expect("a message is ready").into_message().0
}

/// All that is there.
pub(crate) fn take_all(receiver: &mut Receiver<Number>) -> Vec<u64> {
    std::iter::from_fn(|| receiver.try_recv().ok().map(|delivery| delivery.into_message().0)).collect()
}

pub(crate) fn read_all(subscriber: &mut Subscriber<Number>) -> Vec<u64> {
    std::iter::from_fn(|| subscriber.try_recv().ok().map(|number| number.0)).collect()
}

/// What a lossy reader has to say, a gap as the negative number of messages missed.
pub(crate) fn hear_all(subscriber: &mut LossySubscriber<Number>) -> Vec<i64> {
    std::iter::from_fn(|| match subscriber.try_recv() {
        Ok(Ok(number)) => Some(number.0.cast_signed()),
        Ok(Err(lagged)) => Some(-lagged.missed.cast_signed()),
        Err(_) => None,
    })
    .collect()
}

/// Polls until the future waits for somebody else: it may wake itself before it queues up.
#[track_caller]
pub(crate) fn park<F: Future>(task: &mut Spawn<F>) {
    for _ in 0..10 {
        assert!(task.poll().is_pending(), "ready, although it has to wait");
        if !task.is_woken() {
            return;
        }
    }
    panic!("wakes itself for ever");
}

/// The result of a future that can proceed and was told so.
#[track_caller]
pub(crate) fn woken<F: Future>(task: &mut Spawn<F>) -> F::Output {
    assert!(task.is_woken(), "was not woken");
    ready(task)
}

/// The result of a future that can proceed.
#[track_caller]
pub(crate) fn ready<F: Future>(task: &mut Spawn<F>) -> F::Output {
    for _ in 0..10 {
        if let Poll::Ready(output) = task.poll() {
            return output;
        }
        assert!(task.is_woken(), "waits, although it can proceed");
    }
    panic!("wakes itself for ever");
}

/// The figures of the only reader of this kind.
#[track_caller]
pub(crate) fn reader(info: &ChannelInfo, kind: ReaderKind) -> ReaderInfo {
    let mut found = info.readers.iter().filter(|reader| reader.kind == kind);
    let reader = found.next().expect("a reader of this kind").clone();
    assert!(found.next().is_none(), "more than one {kind:?}");
    reader
}

/// Runs `work` on a thread of its own and fails if it hangs.
#[track_caller]
pub(crate) fn without_deadlock(work: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let thread = thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    assert_ne!(
        finished.recv_timeout(Duration::from_secs(20)),
        Err(mpsc::RecvTimeoutError::Timeout),
        "deadlock"
    );
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// A panic that no test wants.
#[derive(Debug, Clone)]
pub(crate) struct Panic {
    pub(crate) thread: ThreadId,
    pub(crate) text: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

/// The panics of all threads since the first call. Those that a test wants say so: they are neither listed nor printed.
pub(crate) fn panics() -> Vec<Panic> {
    static SEEN: Mutex<Vec<Panic>> = Mutex::new(Vec::new());
    static WATCH: Once = Once::new();

    WATCH.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let owned = payload.downcast_ref::<String>().map(String::as_str);
            let text = payload.downcast_ref::<&str>().copied().or(owned).unwrap_or_default();
            if text.contains("as the test wants it") {
                return;
            }
            let at = info.location();
            let seen = Panic {
                thread: thread::current().id(),
                text: text.to_owned(),
                file: at.map(|at| at.file().to_owned()).unwrap_or_default(),
                line: at.map_or(0, |at| at.line()),
            };
            SEEN.lock().unwrap().push(seen);
            before(info);
        }));
    });
    SEEN.lock().unwrap().clone()
}

/// A small repeatable source of choices.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// 0 ..= `most`
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % (most + 1)
    }
}

/// Pending for this many polls.
pub(crate) async fn turns(count: u64) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

/// What is logged meanwhile at this level and above, one line each.
pub(crate) fn logged(level: LevelFilter, work: impl FnOnce()) -> String {
    // With a single subscriber in the process, tracing asks that of the thread which comes to an event first whether anybody
    // ever wants it; with two it asks all.
    static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
    ANOTHER.get_or_init(|| Dispatch::new(tracing_subscriber::registry()));
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, work);
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Does what may panic in a waker or a drop of its own; the result if it did not.
pub(crate) fn though_it_panics<T>(work: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}
