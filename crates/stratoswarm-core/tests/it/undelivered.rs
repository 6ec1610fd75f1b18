//! What nobody came for is handed back, by group, each message once.

use crate::fixtures::{Number, park, put, take_all, woken};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use stratoswarm_core::{Channel, Fabric};
use tokio_test::task;

const PATIENCE: Duration = Duration::from_secs(5);

type Left = Arc<Mutex<Vec<(Option<String>, u64)>>>;

fn handing_back(fabric: &Fabric, name: &str, groups: &[&str], left: &Left) -> Channel<Number> {
    let left = Arc::clone(left);
    let back = move |group: Option<&str>, number: Number| {
        left.lock().unwrap().push((group.map(String::from), number.0));
    };
    let builder = fabric.channel::<Number>(name).undelivered(back).no_default_timeout();
    groups.iter().fold(builder, |builder, group| builder.group(group)).open().unwrap()
}

fn handed(left: &Left) -> Vec<(Option<String>, u64)> {
    let mut left = std::mem::take(&mut *left.lock().unwrap());
    left.sort();
    left
}

fn of_group(group: &str, numbers: impl IntoIterator<Item = u64>) -> Vec<(Option<String>, u64)> {
    numbers.into_iter().map(|number| (Some(group.to_owned()), number)).collect()
}

fn of_nobody(numbers: impl IntoIterator<Item = u64>) -> Vec<(Option<String>, u64)> {
    numbers.into_iter().map(|number| (None, number)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_undelivered_is_handed_back_and_nothing_else() {
    let fabric = Fabric::new();
    let left = Left::default();
    let declared = handing_back(&fabric, "declared", &["idle", "busy"], &left);
    let unread = handing_back(&fabric, "unread", &[], &left);
    let removed = handing_back(&fabric, "removed", &[], &left);
    let mut busy = declared.join("busy");
    put(&declared, 1..4);
    assert_eq!(take_all(&mut busy), [1, 2, 3]);
    let working = tokio::spawn(async move { while busy.recv().await.is_some() {} });
    let mut asking = task::spawn(declared.request(Number(4)));
    park(&mut asking);
    put(&unread, [5]);
    put(&removed, [6]);
    fabric.remove("removed").unwrap();
    assert_eq!(handed(&left), of_nobody([6]));

    fabric.shutdown(PATIENCE).await;
    let expected = [of_nobody([5]), of_group("idle", 1..4)].concat();
    assert_eq!(handed(&left), expected, "requests are not among it");
    working.await.unwrap();
    assert!(woken(&mut asking).is_err(), "their callers are told");
    drop(asking);
    drop((declared, unread, removed, fabric));
    assert_eq!(handed(&left), [], "once");
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_back_depends_on_nobody_else() {
    for (reads, taps) in [(0, true), (1, true), (0, false), (1, false), (5, true)] {
        let fabric = Fabric::new();
        let left = Left::default();
        let jobs = handing_back(&fabric, "jobs", &["dead", "left"], &left);
        let (mut subscriber, mut member) = (jobs.subscribe(), jobs.join("left"));
        let mut tap = taps.then(|| jobs.tap());
        put(&jobs, 0..5);
        for _ in 0..reads {
            subscriber.try_recv().unwrap();
            drop(member.try_recv().unwrap());
            if let Some(tap) = &mut tap {
                tap.try_recv().unwrap().unwrap();
            }
        }
        drop(member);
        fabric.shutdown(PATIENCE).await;
        assert_eq!(handed(&left), [of_group("dead", 0..5), of_group("left", reads..5)].concat());
        let rest: Vec<_> = std::iter::from_fn(|| subscriber.try_recv().ok()).map(|it| it.0).collect();
        assert_eq!(rest, (reads..5).collect::<Vec<_>>(), "that is the reader's own");
    }
}

#[test]
fn what_is_left_is_handed_back_however_the_channel_ends() {
    let left = Left::default();
    let channel = handing_back(&Fabric::new(), "dropped", &["workers"], &left);
    put(&channel, [1]);
    let tap = channel.tap();
    drop(channel);
    drop(tap);
    assert_eq!(handed(&left), of_group("workers", [1]), "with the last handle");

    let fabric = Fabric::new();
    let closing = {
        let left = Arc::clone(&left);
        let back = move |group: Option<&str>, number: Number| {
            left.lock().unwrap().push((group.map(String::from), number.0));
        };
        fabric.channel::<Number>("closing").close_with_last_reader().undelivered(back).open().unwrap()
    };
    let worker = closing.join("workers");
    put(&closing, [2, 3]);
    drop(worker);
    assert_eq!(handed(&left), of_group("workers", [2, 3]), "with the last reader");
    drop((closing, fabric));
    assert_eq!(handed(&left), []);
}

#[test]
fn who_is_to_get_what_is_undelivered_is_known_at_the_opening() {
    let fabric = Fabric::new();
    let plain: Channel<Number> = fabric.channel("plain").open().unwrap();
    let late = fabric.channel::<Number>("plain").undelivered(|_, _| {}).open().unwrap_err();
    assert!(late.to_string().contains("undelivered handed back"), "{late}");
    let left = Left::default();
    let first = handing_back(&fabric, "jobs", &[], &left);
    let second =
        fabric.channel::<Number>("jobs").undelivered(|_, _| panic!("the first stays")).open().unwrap();
    put(&second, [1]);
    drop((plain, first, second, fabric));
    assert_eq!(handed(&left), of_nobody([1]));
}
