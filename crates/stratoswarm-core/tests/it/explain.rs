//! Why does nothing move? Each reason is told with its tasks, channels and lines; and nothing is told where all is well.

use std::{cell::RefCell, time::Duration};

use futures::{FutureExt, poll};
use stratoswarm_core::{Channel, Fabric, Message, NoReply, Priority, Verdict, VerdictKind, patterns::serve};
use tokio::{
    task::yield_now,
    time::{advance, sleep},
};

#[derive(Clone, Debug, PartialEq)]
struct Job(u64);

impl Message for Job {
    type Reply = NoReply;
}

#[derive(Clone, Debug)]
struct Ask;

impl Message for Ask {
    type Reply = u64;
}

fn channel(fabric: &Fabric, name: &str, capacity: usize) -> Channel<Job> {
    fabric.channel(name).capacity(capacity).open().unwrap()
}

/// Lets all tasks do what they can.
async fn settle() {
    for _ in 0..50 {
        yield_now().await;
    }
}

/// The only verdict.
fn only(fabric: &Fabric) -> Verdict {
    let mut verdicts = fabric.explain();
    assert_eq!(verdicts.len(), 1, "{verdicts:#?}");
    verdicts.remove(0)
}

/// The same for one who does not wait until it has lasted for a while.
fn soon(fabric: &Fabric) -> Verdict {
    let mut verdicts = fabric.explainer().threshold(Duration::ZERO).look();
    assert_eq!(verdicts.len(), 1, "{verdicts:#?}");
    verdicts.remove(0)
}

fn assert_silent(fabric: &Fabric) {
    let verdicts = fabric.explain();
    assert!(verdicts.is_empty(), "{}", verdicts.iter().map(ToString::to_string).collect::<String>());
}

fn here(verdict: &Verdict) -> bool {
    verdict.sites.iter().all(|site| site.contains("explain.rs:"))
}

/// Two tasks that fill each other's inbox before they look into their own.
fn flood(fabric: &Fabric, spawn: impl Fn(&str, futures::future::BoxFuture<'static, ()>)) {
    let (ping, pong) = (channel(fabric, "ping", 2), channel(fabric, "pong", 2));
    for (name, here, there) in [("left", ping.clone(), pong.clone()), ("right", pong, ping)] {
        let mut inbox = here.join("workers");
        let run = async move {
            loop {
                while inbox.try_recv().is_ok() {}
                for number in 0..3 {
                    there.send(Job(number)).await.unwrap();
                }
            }
        };
        spawn(name, run.boxed());
    }
}

#[tokio::test(start_paused = true)]
async fn two_that_wait_for_each_others_room_are_a_deadlock_at_once() {
    let fabric = Fabric::new();
    flood(&fabric, |name, run| drop(fabric.spawn(name, run)));
    settle().await;
    let verdict = only(&fabric);
    assert_eq!(verdict.kind, VerdictKind::Deadlock);
    assert!(verdict.is_certain && verdict.until.is_none() && here(&verdict));
    assert_eq!(verdict.tasks, ["left", "right"]);
    assert_eq!(verdict.channels, ["pong", "ping"]);
    assert_eq!(verdict.lines.len(), 4);
    advance(Duration::from_secs(12)).await;
    let text = only(&fabric).to_string();
    assert!(
        text.starts_with("DEADLOCK for 12.0 s: left and right wait for each other's full channels\n"),
        "{text}"
    );
    assert!(text.contains("sends to `pong` (2 of 2), 12.0 s"), "{text}");
    assert!(text.contains("held up by group workers; one member, right's"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn of_tasks_that_are_not_tracked_it_is_suspected_after_a_while_only() {
    let fabric = Fabric::new();
    flood(&fabric, |_, run| drop(tokio::spawn(run)));
    settle().await;
    assert_silent(&fabric);
    advance(Duration::from_secs(3)).await;
    let verdict = only(&fabric);
    assert_eq!(verdict.kind, VerdictKind::LooksStuck);
    assert!(!verdict.is_certain && verdict.tasks.iter().all(|task| task.starts_with("task ")));
    assert!(verdict.to_string().contains("Not certain"), "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn one_more_who_may_read_or_a_timer_is_no_deadlock() {
    let fabric = Fabric::new();
    flood(&fabric, |name, run| drop(fabric.spawn(name, run)));
    let mut second = fabric.get::<Job>("ping").unwrap().join("workers");
    settle().await;
    assert_silent(&fabric); // somebody may poll the second member
    let waits = fabric.spawn("third", async move {
        sleep(Duration::from_secs(60)).await;
        drop(second.recv().await);
    });
    settle().await;
    assert_silent(&fabric);
    drop(waits);
}

/// Serves requests on one channel by asking on the other.
async fn ask_on(mut here: stratoswarm_core::Receiver<Ask>, there: Channel<Ask>, timeout: Option<Duration>) {
    while let Some(ask) = here.recv().await {
        let request = there.request(Ask);
        let reply = match timeout {
            Some(timeout) => request.timeout(timeout).await,
            None => request.await,
        };
        ask.into_parts().1.send(reply.unwrap_or(0));
    }
}

fn asks(fabric: &Fabric, name: &str) -> Channel<Ask> {
    fabric.channel(name).no_default_timeout().open().unwrap()
}

#[tokio::test]
async fn handlers_that_ask_each_other_are_stuck_until_a_deadline_or_for_ever() {
    for timeout in [Some(Duration::from_secs(60)), None] {
        let fabric = Fabric::new();
        let (a, b) = (asks(&fabric, "a"), asks(&fabric, "b"));
        fabric.spawn("of-a", ask_on(a.join("workers"), b.clone(), timeout));
        fabric.spawn("of-b", ask_on(b.join("workers"), a.clone(), timeout));
        let caller = a.clone();
        fabric.spawn("main", async move { caller.request(Ask).await });
        settle().await;
        assert_silent(&fabric); // one may have given the request to somebody else, who is about to answer
        let verdict = soon(&fabric);
        assert_eq!(verdict.tasks, ["of-a", "of-b"], "{verdict}");
        assert!(!verdict.is_certain && here(&verdict), "{verdict}");
        assert!(verdict.to_string().contains("may have given the request to another task"), "{verdict}");
        if timeout.is_some() {
            assert_eq!(verdict.kind, VerdictKind::StuckUntil, "{verdict}");
            let until = verdict.until.unwrap();
            assert!(until > Duration::from_secs(50) && until <= Duration::from_secs(60), "{verdict}");
        } else {
            assert_eq!((verdict.kind, verdict.until), (VerdictKind::Deadlock, None), "{verdict}");
        }
        assert!(verdict.to_string().contains("has the request"), "{verdict}");
    }
}

#[tokio::test]
async fn the_handlers_of_serve_are_tracked_with_it() {
    let fabric = Fabric::new();
    let (a, b) = (asks(&fabric, "a"), asks(&fabric, "b"));
    for (name, here, there) in [("of-a", a.clone(), b.clone()), ("of-b", b, a.clone())] {
        let serving = serve(here.join("workers"), 1, move |ask| {
            let there = there.clone();
            async move {
                let reply = there.request(Ask).await.unwrap_or(0);
                ask.into_parts().1.send(reply);
            }
        });
        fabric.spawn(name, serving);
    }
    let caller = a.clone();
    fabric.spawn("main", async move { caller.request(Ask).await });
    settle().await;
    let verdict = only(&fabric);
    assert_eq!(verdict.kind, VerdictKind::Deadlock, "{verdict}");
    assert!(verdict.is_certain && verdict.tasks.iter().all(|task| task.starts_with("of-")), "{verdict}");
}

#[tokio::test]
async fn the_only_member_of_a_group_that_asks_its_own_group() {
    let fabric = Fabric::new();
    let own = asks(&fabric, "own");
    fabric.spawn("echo", ask_on(own.join("workers"), own.clone(), None));
    fabric.spawn("main", async move { own.request(Ask).await });
    settle().await;
    let verdict = soon(&fabric);
    assert_eq!((verdict.kind, &*verdict.tasks), (VerdictKind::Deadlock, &["echo".to_owned()][..]));
    assert!(verdict.summary.contains("a reply that only it can give"), "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn a_place_granted_to_a_future_that_nobody_polls() {
    let fabric = Fabric::new();
    let jobs = channel(&fabric, "jobs", 1);
    let other = jobs.clone();
    let mut worker = jobs.join("workers");
    fabric.spawn("locked", async move {
        other.send(Job(0)).await.unwrap();
        let mut kept = other.send(Job(1));
        assert!(poll!(&mut kept).is_pending());
        other.send(Job(2)).await.unwrap(); // behind the one that is kept
    });
    settle().await;
    assert_eq!(worker.try_recv().unwrap().0, 0);
    settle().await;
    for _ in 0..2 {
        let verdict = only(&fabric);
        assert_eq!(verdict.kind, VerdictKind::Unpolled, "{verdict}");
        assert!(verdict.is_certain && here(&verdict) && verdict.sites.len() == 2, "{verdict}");
        assert_eq!(
            (&*verdict.tasks, &*verdict.channels),
            (&["locked".to_owned()][..], &["jobs".to_owned()][..])
        );
        advance(Duration::from_secs(3)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_that_a_task_forgets_while_it_waits_for_something_else() {
    let fabric = Fabric::new();
    let (jobs, other) = (channel(&fabric, "jobs", 1), channel(&fabric, "other", 1));
    let (mut worker, mut inbox) = (jobs.join("workers"), other.join("workers"));
    let sender = jobs.clone();
    fabric.spawn("forgetful", async move {
        sender.send(Job(0)).await.unwrap();
        let mut kept = sender.send(Job(1));
        assert!(poll!(&mut kept).is_pending());
        drop(inbox.recv().await); // may come, or not
        kept.await.unwrap();
    });
    settle().await;
    assert_eq!(worker.try_recv().unwrap().0, 0);
    settle().await;
    assert_silent(&fabric); // it may still poll it
    advance(Duration::from_secs(3)).await;
    let verdict = only(&fabric);
    assert_eq!(
        (verdict.kind, &*verdict.tasks),
        (VerdictKind::Unpolled, &["forgetful".to_owned()][..]),
        "{verdict}"
    );
    other.send(Job(0)).await.unwrap();
    settle().await;
    assert_silent(&fabric);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_nobody_polls_is_named_by_its_line() {
    let fabric = Fabric::new();
    let ticks = channel(&fabric, "ticks", 2);
    let _forgotten = ticks.subscribe();
    let line = format!("explain.rs:{}", line!() - 1);
    let sender = ticks.clone();
    fabric.spawn("source", async move {
        loop {
            sender.send(Job(0)).await.unwrap();
        }
    });
    settle().await;
    assert_silent(&fabric);
    advance(Duration::from_secs(3)).await;
    let verdict = only(&fabric);
    assert_eq!(verdict.kind, VerdictKind::NoReader, "{verdict}");
    assert!(verdict.sites.iter().any(|site| site.ends_with(&line)), "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn senders_without_any_reader_and_groups_without_members() {
    let fabric = Fabric::new();
    let (unread, deserted) = (channel(&fabric, "unread", 1), channel(&fabric, "deserted", 1));
    let mut worker = deserted.join("workers");
    for to in [unread, deserted.clone()] {
        fabric.spawn("source", async move {
            loop {
                to.send(Job(0)).await.unwrap();
            }
        });
    }
    settle().await;
    drop(worker.try_recv());
    drop(worker);
    settle().await;
    advance(Duration::from_secs(3)).await;
    let verdicts = fabric.explain();
    let kinds: Vec<_> = verdicts.iter().map(|it| (it.kind, it.channels[0].clone())).collect();
    assert_eq!(kinds, [(VerdictKind::NoMember, "deserted".into()), (VerdictKind::NoReader, "unread".into())]);
    assert!(verdicts[0].summary.contains("holds one message and one sender"), "{}", verdicts[0]);
}

#[tokio::test(start_paused = true)]
async fn requests_that_nobody_serves() {
    let fabric = Fabric::new();
    let (never, no_more) = (asks(&fabric, "never"), asks(&fabric, "no-more"));
    drop(no_more.join("workers"));
    for to in [never, no_more] {
        fabric.spawn("caller", async move { to.request(Ask).await });
    }
    settle().await;
    advance(Duration::from_secs(3)).await;
    let verdicts = fabric.explain();
    let kinds: Vec<_> = verdicts.iter().map(|it| (it.kind, it.channels[0].clone())).collect();
    assert_eq!(kinds, [(VerdictKind::NoMember, "no-more".into()), (VerdictKind::Unserved, "never".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_own_handle_keeps_its_channel_open() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").ephemeral().open().unwrap();
    let mut worker = jobs.join("workers");
    let (given, taken) = tokio::sync::oneshot::channel();
    fabric.spawn("worker", async move {
        let given: Channel<Job> = taken.await.unwrap();
        let _for_retries = given.clone();
        drop(given);
        while worker.recv().await.is_some() {}
    });
    given.send(jobs).unwrap();
    settle().await;
    advance(Duration::from_secs(3)).await;
    let verdict = only(&fabric);
    assert_eq!(verdict.kind, VerdictKind::Leak, "{verdict}");
    assert!(!verdict.is_certain && here(&verdict) && verdict.lines.len() == 2, "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn a_circle_of_hundreds_is_one_verdict_with_a_short_text() {
    let fabric = Fabric::new();
    let rooms: Vec<_> = (0..300).map(|n| channel(&fabric, &format!("room {n}"), 1)).collect();
    for (n, own) in rooms.iter().enumerate() {
        let (mut own, next) = (own.join("workers"), rooms[(n + 1) % rooms.len()].clone());
        fabric.spawn(&format!("task {n}"), async move {
            let _ = futures::poll!(std::pin::pin!(own.recv()));
            while next.send(Job(0)).await.is_ok() {}
        });
    }
    for _ in 0..rooms.len() {
        settle().await;
    }
    let verdict = only(&fabric);
    assert!(verdict.kind == VerdictKind::Deadlock && verdict.is_certain, "{verdict}");
    assert_eq!((verdict.tasks.len(), verdict.channels.len()), (300, 300));
    let text = verdict.to_string();
    assert!(text.contains(" and 297 others wait for each other's full channels"), "{text}");
    assert!(text.lines().count() < 30 && text.contains(".. and 576 lines more"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn readers_and_handles_have_the_names_that_they_were_given() {
    let fabric = Fabric::new();
    let jobs = channel(&fabric, "jobs", 1);
    let _audit = jobs.subscriber().named("audit").open().unwrap();
    let planner = jobs.named("planner");
    let (again, here) = (planner.clone(), jobs.clone());
    let names = |snapshot: &stratoswarm_core::Snapshot| {
        let mut names: Vec<_> =
            snapshot.handles.iter().map(|held| (held.kind, held.name.clone(), held.count)).collect();
        names.sort();
        names
    };
    let planners = ("Channel", Some("planner".to_owned()), 1);
    assert_eq!(
        names(&fabric.snapshot()),
        [
            ("Channel", None, 1),
            ("Channel", None, 1),
            planners.clone(),
            planners.clone(),
            ("Subscriber", Some("audit".to_owned()), 1)
        ]
    );
    assert_eq!(jobs.info().readers[0].name, "audit");
    drop((here, again));
    assert!(names(&fabric.snapshot()).contains(&planners));

    fabric.spawn("sender", async move {
        let _ = planner.send(Job(1)).await;
        let _ = planner.send(Job(2)).await;
    });
    settle().await;
    let verdict = soon(&fabric);
    assert!(verdict.to_string().contains("subscriber audit"), "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn one_reader_that_holds_the_others_up_is_slow_and_told_with_its_rate() {
    let fabric = Fabric::new();
    let ticks = channel(&fabric, "ticks", 100);
    for name in ["fast", "audit"] {
        let mut reader = ticks.subscribe();
        fabric.spawn(name, async move {
            while reader.recv().await.is_some() {
                if name == "audit" {
                    sleep(Duration::from_millis(25)).await;
                }
            }
        });
    }
    fabric.spawn("source", async move {
        loop {
            ticks.send(Job(0)).await.unwrap();
        }
    });
    let mut explainer = fabric.explainer();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(explainer.look(), []);
    sleep(Duration::from_secs(2)).await;
    let verdicts = explainer.look();
    assert_eq!(verdicts.len(), 1, "{verdicts:#?}");
    assert_eq!((verdicts[0].kind, &*verdicts[0].tasks), (VerdictKind::Slow, &["audit".to_owned()][..]));
    assert!(verdicts[0].summary.contains("40/s") || verdicts[0].summary.contains("38/s"), "{}", verdicts[0]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_waits_for_something_else_is_named() {
    let fabric = Fabric::new();
    let jobs = channel(&fabric, "jobs", 1);
    let mut worker = jobs.join("workers");
    fabric.spawn("worker", async move {
        while let Some(_job) = worker.recv().await {
            sleep(Duration::from_secs(3600)).await;
        }
    });
    fabric.spawn("source", async move {
        loop {
            jobs.send(Job(0)).await.unwrap();
        }
    });
    settle().await;
    assert_silent(&fabric);
    advance(Duration::from_secs(5)).await;
    let verdict = only(&fabric);
    assert_eq!(verdict.kind, VerdictKind::Outside, "{verdict}");
    assert_eq!(verdict.tasks, ["worker", "source"]);
    assert!(verdict.to_string().contains("with one message in hand"), "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_runs_without_a_break_is_named_even_where_all_room_is_granted() {
    for capacity in [1, 3] {
        let fabric = Fabric::new();
        let jobs = channel(&fabric, "jobs", capacity);
        let (mut worker, seen) = (jobs.join("workers"), fabric.clone());
        for name in ["first", "second"] {
            let jobs = jobs.clone();
            fabric.spawn(name, async move { while jobs.send(Job(0)).await.is_ok() {} });
        }
        settle().await;
        let looks = fabric.spawn("worker", async move {
            let _job = worker.recv().await; // its place is granted, and who has it cannot run yet
            seen.explainer().threshold(Duration::ZERO).look()
        });
        let verdicts = looks.await.unwrap();
        assert_eq!(verdicts.len(), 1, "{verdicts:#?}");
        assert_eq!((verdicts[0].kind, &*verdicts[0].tasks[0]), (VerdictKind::Outside, "worker"));
        let (text, is_granted) = (verdicts[0].to_string(), capacity == 1);
        assert!(text.contains("with one message in hand"), "{text}");
        assert_eq!(text.contains("has granted its room to senders that cannot run"), is_granted, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_silent_where_all_is_well() {
    let fabric = Fabric::new();
    let jobs = channel(&fabric, "jobs", 2);
    let mut worker = jobs.join("workers");
    // One message a second, while others wait.
    fabric.spawn("worker", async move {
        while worker.recv().await.is_some() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    // A select of a send and a timer, again and again.
    let sender = jobs.clone();
    fabric.spawn("select", async move {
        loop {
            tokio::select! {
                sent = sender.send(Job(0)) => sent.unwrap(),
                () = sleep(Duration::from_millis(300)) => {}
            }
        }
    });
    // A send that is given up in time.
    let sender = jobs.clone();
    fabric.spawn("timeout", async move {
        loop {
            let _ = tokio::time::timeout(Duration::from_millis(700), sender.send(Job(1))).await;
        }
    });
    // A select of a send and a receive, with somebody at the other end.
    let (there, back) = (channel(&fabric, "there", 1), channel(&fabric, "back", 1));
    let mut inbox = back.join("workers");
    let to = there.clone();
    fabric.spawn("both", async move {
        loop {
            tokio::select! {
                sent = to.send(Job(2)) => sent.unwrap(),
                got = inbox.recv() => drop(got),
            }
        }
    });
    let mut far = there.join("workers");
    fabric.spawn("other-end", async move {
        while let Some(job) = far.recv().await {
            back.send(job.into_message()).await.unwrap();
            sleep(Duration::from_millis(10)).await;
        }
    });
    // Readers and servers that wait for something to do.
    let idle = channel(&fabric, "idle", 2);
    let (mut reader, mut member) = (idle.subscribe(), idle.join("workers"));
    fabric.spawn("idle-reader", async move { while reader.recv().await.is_some() {} });
    fabric.spawn("idle-member", async move { while member.recv().await.is_some() {} });
    // One who waits for the end, and a group that is paused.
    let ends = idle.clone();
    fabric.spawn("end", async move { ends.closed().await });
    let paused = channel(&fabric, "paused", 1);
    let _member = paused.join("workers");
    paused.pause_group("workers");
    let sender = paused.clone();
    fabric.spawn("waits-for-resume", async move { while sender.send(Job(0)).await.is_ok() {} });

    let mut explainer = fabric.explainer();
    for _ in 0..40 {
        sleep(Duration::from_millis(500)).await;
        let verdicts = explainer.look();
        assert!(verdicts.is_empty(), "{}", verdicts.iter().map(ToString::to_string).collect::<String>());
        assert_silent(&fabric);
    }
}

#[tokio::test]
async fn it_can_be_asked_under_the_locks_and_says_what_it_could_not_see() {
    #[derive(Debug)]
    struct Curious(u32);
    thread_local! {
        static ASK: RefCell<Option<Fabric>> = const { RefCell::new(None) };
        static SAW: RefCell<Vec<Verdict>> = const { RefCell::new(Vec::new()) };
    }
    impl Clone for Curious {
        fn clone(&self) -> Self {
            if let Some(fabric) = ASK.with_borrow(Clone::clone) {
                SAW.set(fabric.explain());
            }
            Self(self.0)
        }
    }
    impl Message for Curious {
        type Reply = NoReply;
    }
    let fabric = Fabric::new();
    let curious = fabric.channel::<Curious>("curious").open().unwrap();
    let (mut first, mut second) = (curious.subscribe(), curious.subscribe());
    curious.send(Curious(7)).await.unwrap();
    ASK.set(Some(fabric.clone()));
    assert_eq!(first.recv().await.map(|it| it.0), Some(7));
    ASK.set(None);
    assert_eq!(second.recv().await.map(|it| it.0), Some(7));
    let saw = SAW.take();
    assert_eq!(saw.len(), 1, "{saw:#?}");
    assert_eq!((saw[0].kind, &*saw[0].channels), (VerdictKind::Outside, &["curious".to_owned()][..]));
}

#[tokio::test(start_paused = true)]
async fn lanes_limits_and_acknowledgements_are_seen_through() {
    let fabric = Fabric::new();
    let urgent = fabric.channel::<Job>("urgent").capacity(1).lane(Priority::Critical, 1).open().unwrap();
    let acked = channel(&fabric, "acked", 1);
    let mut first = acked.group("workers").ack(stratoswarm_core::AckPolicy::explicit()).join().unwrap();
    let mut second = urgent.join("workers");
    let to = urgent.clone();
    fabric.spawn("first", async move {
        loop {
            drop(first.try_recv());
            to.send(Job(0)).priority(Priority::Critical).await.unwrap();
            to.send(Job(1)).priority(Priority::Critical).await.unwrap();
        }
    });
    fabric.spawn("second", async move {
        loop {
            drop(second.try_recv());
            acked.send(Job(0)).await.unwrap();
            acked.send(Job(1)).await.unwrap();
        }
    });
    settle().await;
    let verdict = only(&fabric);
    assert_eq!(
        (verdict.kind, &*verdict.tasks),
        (VerdictKind::Deadlock, &["first".to_owned(), "second".into()][..])
    );
}

/// A task that sends to a channel of capacity 1 without end, and has looked into its reader before.
fn sends_to_itself(
    fabric: &Fabric,
    mut reader: stratoswarm_core::Receiver<Job>,
    to: Channel<Job>,
    give: bool,
) {
    let nested = fabric.clone();
    drop(fabric.spawn("first", async move {
        drop(reader.try_recv());
        if give {
            to.send(Job(0)).await.unwrap();
            drop(nested.spawn("second", async move {
                while reader.recv().await.is_some() {
                    sleep(Duration::from_millis(1)).await;
                }
            }));
        }
        loop {
            to.send(Job(1)).await.unwrap();
        }
    }));
}

#[tokio::test(start_paused = true)]
async fn a_reader_belongs_to_whom_it_was_last_seen_with_where_senders_wait() {
    let fabric = Fabric::new();
    let jobs = channel(&fabric, "jobs", 1);
    sends_to_itself(&fabric, jobs.join("workers"), jobs.clone(), true);
    for _ in 0..5 {
        sleep(Duration::from_millis(10)).await;
        assert_silent(&fabric);
    }
    assert!(jobs.info().sent > 20, "it goes on");
}

#[tokio::test(start_paused = true)]
async fn what_may_be_anothers_by_now_makes_no_deadlock() {
    // A permit.
    let fabric = Fabric::new();
    let jobs = channel(&fabric, "jobs", 1);
    let mut worker = jobs.join("workers");
    let (given, taken) = tokio::sync::oneshot::channel();
    let giver = jobs.clone();
    fabric.spawn("giver", async move {
        drop(worker.try_recv());
        given.send(giver.clone().reserve_owned().await.unwrap()).ok().unwrap();
        giver.send(Job(1)).await.unwrap();
        while worker.recv().await.is_some() {}
    });
    let permit = taken.await.unwrap();
    settle().await;
    assert_silent(&fabric);
    drop(permit);
    // What is not settled.
    let fabric = Fabric::new();
    let acked = channel(&fabric, "acked", 1);
    let mut worker = acked.group("workers").ack(stratoswarm_core::AckPolicy::explicit()).join().unwrap();
    let to = acked.clone();
    let (given, taken) = tokio::sync::oneshot::channel();
    fabric.spawn("echo", async move {
        let (job, ack) = worker.recv().await.unwrap().into_acked();
        given.send(ack).ok().unwrap();
        to.send(job).await.unwrap();
    });
    acked.send(Job(0)).await.unwrap();
    let ack = taken.await.unwrap();
    settle().await;
    assert_silent(&fabric);
    ack.ack();
    // What will expire.
    let fabric = Fabric::new();
    let asked = fabric.channel::<Ask>("asked").capacity(1).open().unwrap();
    let mut worker = asked.join("workers");
    let mut request = asked.request(Ask).timeout(Duration::from_secs(9));
    let to = asked.clone();
    let (ready, go) = tokio::sync::oneshot::channel::<()>();
    fabric.spawn("sends", async move {
        drop(worker.try_recv());
        go.await.unwrap();
        to.send(Ask).await.unwrap();
        while worker.recv().await.is_some() {}
    });
    settle().await;
    assert!(poll!(&mut request).is_pending());
    ready.send(()).unwrap();
    settle().await;
    let verdict = only(&fabric);
    assert_eq!(verdict.kind, VerdictKind::StuckUntil, "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn idle_members_late_owners_and_those_that_wait_for_ever_on_purpose_are_no_fault() {
    let fabric = Fabric::new();
    let (idle, jobs) = (channel(&fabric, "idle", 4), channel(&fabric, "jobs", 4));
    for _ in 0..2 {
        let mut worker = idle.join("workers");
        fabric.spawn("idle", async move { while worker.recv().await.is_some() {} });
    }
    let kept = idle.clone();
    fabric.spawn("keeper", async move {
        let _kept = kept;
        std::future::pending::<()>().await;
    });
    // A member that acknowledges and never parks; one that another fabric tracks; one that is tracked step by step.
    let (mut acks, mut others, mut steps) = (
        jobs.group("acks").ack(stratoswarm_core::AckPolicy::explicit()).join().unwrap(),
        jobs.join("others"),
        jobs.join("steps"),
    );
    for _ in 0..40 {
        let sender = jobs.clone();
        fabric.spawn("sender", async move { while sender.send(Job(1)).await.is_ok() {} });
    }
    settle().await;
    fabric.spawn("acks", async move {
        while let Some(job) = acks.recv().await {
            sleep(Duration::from_millis(100)).await;
            job.into_acked().1.ack();
        }
    });
    let other = Fabric::new();
    other.spawn("others", async move {
        while others.recv().await.is_some() {
            sleep(Duration::from_secs(3)).await;
        }
    });
    let tracks = fabric.clone();
    tokio::spawn(async move { while tracks.track("step", steps.recv()).await.is_some() {} });
    settle().await;
    sleep(Duration::from_millis(150)).await;
    idle.send(Job(7)).await.unwrap();
    for _ in 0..20 {
        assert_silent(&fabric);
        sleep(Duration::from_millis(400)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_queued_and_expires_may_make_room_and_what_has_expired_does_not() {
    let fabric = Fabric::new();
    let jobs = channel(&fabric, "jobs", 1);
    let (other, mut worker) = (jobs.clone(), jobs.join("workers"));
    fabric.spawn("sends", async move {
        drop(worker.try_recv());
        other.send(Job(0)).ttl(Duration::from_secs(9)).await.unwrap();
        other.send(Job(1)).await.unwrap();
        other.send(Job(2)).await.unwrap();
        while worker.recv().await.is_some() {}
    });
    settle().await;
    assert_silent(&fabric); // whoever is first in the line has a timer for that
    sleep(Duration::from_secs(10)).await;
    settle().await;
    assert_eq!(jobs.info().sent, 2, "it went on, and nothing that waits now expires");
    let verdict = only(&fabric);
    assert_eq!((verdict.kind, verdict.until), (VerdictKind::Deadlock, None), "{verdict}");
}

/// Tells that all wait for something to do only while they do, and only of them.
#[tokio::test(start_paused = true)]
async fn quiet_is_where_all_wait_for_messages_and_nothing_is_wrong_then() {
    let fabric = Fabric::new();
    assert_eq!(fabric.quiet(), None, "nobody is there");
    assert_eq!(fabric.explanation(), "nothing is stuck in 0 channels\n");
    let (jobs, results) = (channel(&fabric, "jobs", 2), channel(&fabric, "results", 2));
    let (mut worker, mut planner) = (jobs.join("workers"), results.join("planners"));
    let to = results.clone();
    fabric.spawn("worker", async move {
        while let Some(job) = worker.recv().await {
            to.send(job.into_message()).await.unwrap();
        }
    });
    fabric.spawn("planner", async move { while planner.recv().await.is_some() {} });
    settle().await;
    assert_eq!(fabric.quiet(), None, "it has not lasted");
    sleep(Duration::from_secs(3)).await;
    let quiet = fabric.quiet().unwrap();
    assert_eq!((quiet.kind, quiet.tasks.len(), quiet.lines.len()), (VerdictKind::Quiet, 2, 2));
    assert!(here(&quiet) && !quiet.kind.is_stuck());
    assert_silent(&fabric);
    let text = fabric.explanation();
    assert!(
        text.starts_with("QUIET for 3.0 s: all 2 tasks wait for messages, and there are none\n"),
        "{text}"
    );
    assert!(
        text.contains("worker") && text.contains("waits for a message of `jobs`, in group workers"),
        "{text}"
    );

    jobs.send(Job(1)).await.unwrap();
    assert_eq!(fabric.quiet(), None, "a message is there");
    settle().await;
    assert_eq!(fabric.quiet(), None, "they have just begun to wait");
    sleep(Duration::from_secs(3)).await;
    assert!(fabric.quiet().is_some());

    let timer = fabric.spawn("timer", sleep(Duration::from_secs(60)));
    sleep(Duration::from_secs(3)).await;
    assert_eq!(fabric.quiet(), None, "one of them waits for something else");
    timer.abort();
    settle().await;
    assert!(fabric.quiet().is_some());

    let idle = channel(&fabric, "idle", 1);
    let mut held = idle.join("workers");
    idle.send(Job(1)).await.unwrap();
    let delivery = held.try_recv().unwrap();
    assert_eq!(fabric.quiet(), None, "somebody has a message to work on");
    drop(delivery);
    assert!(fabric.quiet().is_some());
    idle.send(Job(1)).await.unwrap();
    let mut waits = Box::pin(idle.send(Job(2)));
    assert!(futures::poll!(&mut waits).is_pending());
    sleep(Duration::from_secs(3)).await;
    assert_eq!(fabric.quiet(), None, "somebody waits for room");
    assert_eq!(
        fabric.explanation(),
        "nothing is stuck in 3 channels\n",
        "the one who was seen to read may do so"
    );
}

/// Also of a panic in users' code under a channel's lock: it does not wait for that for long, and says what it could not see.
#[test]
fn a_panic_is_explained_by_what_the_user_gives() {
    #[derive(Debug)]
    struct Sore;
    impl Clone for Sore {
        fn clone(&self) -> Self {
            panic!("a message that cannot be cloned")
        }
    }
    impl Message for Sore {
        type Reply = stratoswarm_core::NoReply;
    }
    let fabric = Fabric::new();
    let sore = fabric.channel::<Sore>("sore").open().unwrap();
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (tell, here) = (std::sync::Arc::clone(&told), std::thread::current().id());
    fabric.explain_on_panic(move |why| {
        if std::thread::current().id() == here {
            tell.lock().unwrap().push(why.to_owned()); // other tests panic, too
        }
    });
    let (mut one, mut two) = (sore.join("one"), sore.join("two"));
    sore.try_send(Sore).unwrap();
    let begin = std::time::Instant::now();
    let _ = (one.try_recv().is_ok(), two.try_recv().is_ok());
    let took = begin.elapsed();
    let lines = std::mem::take(&mut *told.lock().unwrap());
    assert!(!lines.is_empty() && took < Duration::from_secs(5), "{lines:?}, {took:?}");
    assert!(lines.iter().all(|why| why.contains("`sore`")), "{lines:?}");
    drop((one, two, sore, fabric));
    assert!(std::panic::catch_unwind(|| panic!("of something else")).is_err());
    assert!(told.lock().unwrap().is_empty(), "the fabric is gone");
}
