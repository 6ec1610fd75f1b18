//! What a snapshot tells of who waits: by task, line and stage.

use std::time::Duration;

use stratoswarm_core::{
    ChannelInfo, Fabric, RequestError, WaitInfo, WaitKind, WaitState,
    examples::{Job, Ping},
};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// The requests among those who wait: who, how far, and the line.
fn asking(info: &ChannelInfo) -> Vec<(Option<&str>, WaitState, u32)> {
    let requests = info.waits.iter().filter(|wait| wait.kind == WaitKind::Request);
    let mut all: Vec<_> =
        requests.map(|wait: &WaitInfo| (wait.name.as_deref(), wait.state, wait.at.line())).collect();
    all.sort_by_key(|(name, ..)| name.map(ToOwned::to_owned));
    all
}

#[tokio::test(start_paused = true)]
async fn requests_are_told_by_caller_line_and_stage() {
    let fabric = Fabric::new();
    let pings = fabric.channel::<Ping>("pings").capacity(1).no_default_timeout().open().unwrap();
    let mut worker = pings.join("workers");
    let ask = |name: &str| {
        let pings = pings.clone();
        fabric.spawn(name, async move { pings.request(Ping).await })
    };
    let line = line!() - 2;
    let first = ask("a");
    sleep(SECOND).await;
    let held = worker.recv().await.unwrap();
    let second = ask("b");
    sleep(SECOND).await;
    let third = ask("c");
    sleep(SECOND).await;
    let info = fabric.channels().remove(0);
    let expected = [
        (Some("a"), WaitState::Handled, line),
        (Some("b"), WaitState::Queued, line),
        (Some("c"), WaitState::Waiting, line),
    ];
    assert_eq!(asking(&info), expected);
    let waited: Vec<_> = info.waits.iter().map(|wait| wait.waited.as_secs_f64().round()).collect();
    assert!((waited.iter().sum::<f64>() - 6.0).abs() < 0.1, "three, two and one: {waited:?}");
    held.reply(());
    for asked in [second, third] {
        worker.recv().await.unwrap().reply(());
        asked.await.unwrap().unwrap();
    }
    first.await.unwrap().unwrap();
    assert_eq!(asking(&fabric.channels()[0]), []);
}

#[tokio::test(start_paused = true)]
async fn requests_that_expire_are_counted_by_stage() {
    let fabric = Fabric::new();
    let pings = fabric.channel::<Ping>("pings").capacity(1).default_timeout(SECOND).open().unwrap();
    let stages = || {
        let requests = fabric.channels()[0].requests;
        let at = requests.expired_at;
        assert_eq!(requests.expired, at.queued + at.handling, "of those accepted");
        [at.unserved, at.sending, at.queued, at.handling]
    };
    assert!(matches!(pings.request(Ping).await, Err(RequestError::Expired { .. })));
    assert_eq!(stages(), [1, 0, 0, 0]);
    let mut worker = pings.join("workers");
    assert!(pings.request(Ping).await.is_err());
    assert_eq!(stages(), [1, 0, 1, 0]);
    pings.send(Ping).await.unwrap();
    assert!(pings.request(Ping).await.is_err());
    assert_eq!(stages(), [1, 1, 1, 0]);
    drop(worker.recv().await);
    let (answer, ()) = tokio::join!(pings.request(Ping), async {
        let held = worker.recv().await;
        sleep(2 * SECOND).await;
        drop(held);
    });
    assert!(answer.is_err());
    assert_eq!(stages(), [1, 1, 1, 1]);
    assert!(pings.request(Ping).timeout(Duration::ZERO).await.is_err(), "too late from the beginning");
    assert_eq!(stages(), [1, 2, 1, 1]);
    // A question to all, and one whose answer comes in rows.
    assert!(pings.request_all(Ping).await.is_err());
    assert_eq!(stages(), [1, 2, 2, 1]);
    assert!(pings.request_all(Ping).until_deadline().await.is_ok_and(|gathered| gathered.replies.is_empty()));
    assert_eq!(stages(), [1, 2, 3, 1]);
    let mut rows = pings.request_stream(Ping);
    assert!(rows.recv().await.is_some_and(|row| row.is_err()));
    assert_eq!(stages(), [1, 2, 4, 1]);
}

#[tokio::test(start_paused = true)]
async fn tasks_are_told_by_name_where_they_wait_and_read() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").capacity(1).open().unwrap();
    let (mut first, mut second) = (jobs.join("workers"), jobs.join("workers"));
    let reading = fabric.spawn("reader", async move { while first.recv().await.is_some() {} });
    sleep(SECOND).await;
    let told = |info: &ChannelInfo| -> Vec<_> {
        info.readers[0].handles.iter().map(|handle| (handle.name.clone(), handle.task.is_some())).collect()
    };
    assert_eq!(told(&fabric.channels()[0]), [(Some("reader".to_owned()), true), (None, false)]);
    assert_eq!(fabric.channels()[0].readers[0].waits[0].name.as_deref(), Some("reader"));
    reading.abort();
    let _ = reading.await;
    assert_eq!(told(&fabric.channels()[0]), [(None, false)], "its handle has gone with it");
    let sender = jobs.clone();
    let sending = fabric.spawn("sender", async move {
        for n in 0..3 {
            sender.send(Job(n)).await.unwrap();
        }
    });
    sleep(SECOND).await;
    let info = fabric.snapshot().channels.remove(0);
    assert_eq!((info.waits[0].name.as_deref(), info.waits[0].kind), (Some("sender"), WaitKind::Send));
    assert_eq!(jobs.info().waits[0].name, None, "a handle knows of no fabric");
    for _ in 0..3 {
        drop(second.recv().await);
    }
    sending.await.unwrap();
}
