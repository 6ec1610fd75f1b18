//! What is served, and while the program hangs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use stratoswarm_console::Console;
use stratoswarm_core::{Fabric, Message, NoReply, Priority, examples::Job};

use crate::client::{Stream, console, get, until};

#[test]
fn a_snapshot_has_channels_figures_and_verdicts() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").capacity(8).open().unwrap();
    let _worker = jobs.join("workers");
    jobs.try_send(Job(1)).unwrap();
    let (_console, address) = console(&fabric);
    let reply = get(address, "/snapshot.json");
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.head.contains("content-type: application/json"), "{reply:?}");
    let json = reply.json();
    assert_eq!((json["format"].as_u64(), json["pid"].as_u64()), (Some(1), Some(std::process::id().into())));
    assert!(json["program"].as_str().unwrap().starts_with("it-"), "{json}");
    assert!(json["at_unix_s"].as_f64().unwrap() > 1.7e9 && json["uptime_s"].as_f64().is_some());
    let channel = &json["snapshot"]["channels"][0];
    assert_eq!((channel["name"].as_str(), channel["len"].as_u64()), (Some("jobs"), Some(1)));
    let figures = &json["figures"][0];
    assert_eq!(figures["channel"], "jobs");
    assert_eq!(
        (figures["readers"][0]["name"].as_str(), figures["readers"][0]["kind"].as_str()),
        (Some("workers"), Some("Group"))
    );
    assert!(figures["lag_s"].is_f64() && figures["lag_at_least"] == true, "{figures}");
    assert_eq!((&json["verdicts"], &json["verdicts_text"]), (&serde_json::json!([]), &serde_json::json!("")));
    assert_eq!(json.get("look_waiting_s"), None);
}

#[test]
fn each_snapshot_is_of_a_look_after_it_was_asked_for() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").capacity(100).open().unwrap();
    let (_console, address) = console(&fabric);
    for n in 1..=20 {
        jobs.try_send(Job(n)).unwrap();
        assert_eq!(get(address, "/snapshot.json").json()["snapshot"]["channels"][0]["sent"], n);
    }
}

#[test]
fn whoever_asks_again_and_again_is_told_rates_and_the_lag_to_a_tenth_of_a_second() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").capacity(100_000).open().unwrap();
    let _worker = jobs.join("workers");
    let (_console, address) = console(&fabric);
    get(address, "/snapshot.json");
    let begin = std::time::Instant::now();
    jobs.try_send(Job(0)).unwrap();
    let mut json = serde_json::Value::Null;
    until("a second has passed", || {
        json = get(address, "/snapshot.json").json();
        begin.elapsed() > Duration::from_secs(1)
    });
    let figures = &json["figures"][0];
    let (lag, passed) = (figures["lag_s"].as_f64().unwrap(), begin.elapsed().as_secs_f64());
    assert!(lag <= passed + 0.3 && lag >= passed - 0.5, "{lag} of {passed}: {figures}");
    assert_eq!(figures.get("lag_at_least"), None, "{figures}");
    assert!(figures["sent_per_s"].is_f64() && figures["readers"][0]["drain_s"].is_null(), "{figures}");
}

#[test]
fn what_does_not_move_is_told_everywhere() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").capacity(1).open().unwrap();
    jobs.try_send(Job(1)).unwrap();
    let sender = jobs.clone();
    let stuck = thread::spawn(move || sender.blocking_send(Job(2)));
    until("somebody waits", || jobs.info().blocked_senders == 1);
    let (_console, address) = console(&fabric);
    let mut json = serde_json::Value::Null;
    until("it is told", || {
        json = get(address, "/explain.json").json();
        json["verdicts"][0]["kind"] == "NoReader"
    });
    assert!(json["text"].as_str().unwrap().contains("NO READER"), "{json}");
    let json = get(address, "/snapshot.json").json();
    assert_eq!(json["verdicts"][0]["channels"], serde_json::json!(["jobs"]), "{json}");
    assert!(json["verdicts_text"].as_str().unwrap().starts_with("NO READER for "), "{json}");
    let (name, json) = Stream::open(address, "/stream").next();
    assert_eq!((name.as_str(), &json["verdicts"][0]["kind"]), ("snapshot", &serde_json::json!("NoReader")));
    drop(jobs.join("workers").try_recv());
    stuck.join().unwrap().unwrap();
}

#[test]
fn a_stream_goes_on_and_says_when_the_fabric_is_gone() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").open().unwrap();
    let (_console, address) = console(&fabric);
    let mut stream = Stream::open(address, "/stream");
    let sent = |json: &serde_json::Value| json["snapshot"]["channels"][0]["sent"].as_u64();
    assert_eq!(sent(&stream.next().1), Some(0));
    jobs.try_send(Job(1)).unwrap();
    while sent(&stream.next().1) != Some(1) {}
    drop((jobs, fabric));
    while stream.next().0 != "gone" {}
    for path in ["/snapshot.json", "/explain.json"] {
        assert_eq!(get(address, path).status, 410, "{path}");
    }
}

#[derive(Clone, serde::Serialize)]
struct Order {
    item: String,
    urgent: bool,
}

impl Message for Order {
    type Reply = NoReply;

    fn priority(&self) -> Priority {
        if self.urgent { Priority::Critical } else { Priority::Normal }
    }
}

/// Adds up the events of a tap until so many messages have passed.
fn passed(
    stream: &mut Stream,
    messages: u64,
) -> (serde_json::Map<String, serde_json::Value>, Vec<serde_json::Value>) {
    let (mut lanes, mut shown, mut sent) = (serde_json::Map::new(), Vec::new(), 0);
    while sent < messages {
        let (name, json) = stream.next();
        assert_eq!((name.as_str(), json["channel"].as_str()), ("passed", Some("new orders")));
        sent += json["sent"].as_u64().unwrap();
        for (lane, count) in json["lanes"].as_object().unwrap() {
            let before = lanes.get(lane).and_then(|count| count.as_u64()).unwrap_or(0);
            lanes.insert(lane.clone(), (before + count.as_u64().unwrap()).into());
        }
        shown.extend(json["messages"].as_array().into_iter().flatten().cloned());
        assert!(json["over_s"].as_f64().unwrap() >= 0.2 && json["oldest_s"].is_f64(), "{json}");
    }
    (lanes, shown)
}

#[test]
fn a_tap_tells_what_passes_and_shows_messages_only_if_told_to() {
    let fabric = Fabric::new();
    let orders =
        fabric.channel::<Order>("new orders").capacity(50).lane(Priority::Critical, 9).open().unwrap();
    let other = fabric.channel::<Job>("other").open().unwrap();
    let start = || Console::of(&fabric).listen("127.0.0.1:0").without_socket();
    let (silent, talking) = (start().start().unwrap(), start().show_payloads(&orders).start().unwrap());
    let path = "/tap/new%20orders";
    let mut streams = [&silent, &talking].map(|console| Stream::open(console.address().unwrap(), path));
    for stream in &mut streams {
        assert_eq!(stream.next().1["sent"], 0, "it tells that nothing passes");
    }
    let order = |item: &str, urgent| Order { item: item.to_owned(), urgent };
    for (item, urgent) in [("bolt", false), ("nut", true), ("x".repeat(20_000).as_str(), false)] {
        orders.try_send(order(item, urgent)).unwrap();
    }
    other.try_send(Job(1)).unwrap();
    let (lanes, shown) = passed(&mut streams[0], 3);
    assert_eq!(serde_json::Value::from(lanes.clone()), serde_json::json!({"critical": 1, "normal": 2}));
    assert_eq!(shown, [] as [serde_json::Value; 0], "nobody said that they may be shown");
    let (again, shown) = passed(&mut streams[1], 3);
    assert_eq!(again, lanes);
    let expected = serde_json::json!([
        {"seq": 0, "lane": "normal", "is_request": false, "payload": {"item": "bolt", "urgent": false}},
        {"seq": 1, "lane": "critical", "is_request": false, "payload": {"item": "nut", "urgent": true}},
        {"seq": 2, "lane": "normal", "is_request": false, "payload": null},
    ]);
    assert_eq!(serde_json::Value::from(shown), expected);
    drop(streams);
    until("nobody records it any more", || orders.info().readers.is_empty());
    let address = talking.address().unwrap();
    for nowhere in ["/tap/orders", "/tap/", "/tap/new%20orders/", "/tap/..%2fsnapshot.json", "/tap/%zz"] {
        assert_eq!(get(address, nowhere).status, 404, "{nowhere}");
    }
}

#[test]
fn the_console_does_not_keep_the_fabric() {
    let fabric = Fabric::new();
    let weak = fabric.downgrade();
    let (_console, address) = console(&fabric);
    assert_eq!(get(address, "/snapshot.json").status, 200);
    drop(fabric);
    until("it is gone", || weak.upgrade().is_none());
}

#[test]
fn a_shutdown_ends_while_somebody_watches() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").open().unwrap();
    let (_console, address) = console(&fabric);
    let mut stream = Stream::open(address, "/stream");
    stream.next();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = runtime.block_on(fabric.shutdown(Duration::from_secs(10)));
    assert!(report.is_clean(), "{report:?}");
    drop((jobs, report));
    while stream.next().1["snapshot"]["channels"] != serde_json::json!([]) {}
}

#[test]
fn it_answers_while_the_programs_only_runtime_spins() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").open().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (console, address) = console(&fabric);
    let spinning = {
        let (stop, fabric) = (Arc::clone(&stop), fabric.clone());
        let mut worker = jobs.join("workers");
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let spins = fabric.spawn("spinner", async move {
                    let job = worker.recv().await;
                    while !stop.load(Ordering::Relaxed) {}
                    drop(job);
                });
                spins.await.unwrap();
            });
        })
    };
    jobs.try_send(Job(1)).unwrap();
    until("it has the job", || jobs.info().readers[0].in_flight == 1);
    let json = get(address, "/snapshot.json").json();
    assert_eq!(json["snapshot"]["tasks"][0]["name"], "spinner");
    assert_eq!(json["snapshot"]["tasks"][0]["state"], "Running", "{json}");
    Stream::open(address, "/stream").next();
    stop.store(true, Ordering::Relaxed);
    spinning.join().unwrap();
    drop(console);
}

/// Its clone is made under the log's lock, and hangs there.
struct Sticky(Arc<AtomicBool>);

impl Clone for Sticky {
    fn clone(&self) -> Self {
        while self.0.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(1));
        }
        Self(Arc::clone(&self.0))
    }
}

impl Message for Sticky {
    type Reply = NoReply;
}

#[test]
fn while_a_clone_hangs_under_a_channels_lock_it_says_so_and_since_when() {
    let fabric = Fabric::new();
    let hangs = Arc::new(AtomicBool::new(true));
    let sticky = fabric.channel::<Sticky>("sticky").open().unwrap();
    let (mut one, _other) = (sticky.subscribe(), sticky.subscribe());
    let (console, address) = console(&fabric);
    let mut stream = Stream::open(address, "/stream");
    stream.next();
    sticky.try_send(Sticky(Arc::clone(&hangs))).unwrap();
    let taking = thread::spawn(move || drop(one.try_recv()));
    let mut waits = (0.0, 0.0);
    until("the stream says so, again and again", || {
        let (_, json) = stream.next();
        if let Some(waited) = json["look_waiting_s"].as_f64() {
            assert_eq!(json["snapshot"]["channels"][0]["name"], "sticky", "what was seen before: {json}");
            waits = (waits.1, waited);
        }
        waits.0 > 0.5 && waits.1 > waits.0 + 0.5
    });
    let json = get(address, "/snapshot.json").json();
    assert!(json["look_waiting_s"].as_f64().unwrap() > 1.0, "{json}");
    let text = get(address, "/explain.json").json()["text"].as_str().unwrap().to_owned();
    assert!(text.contains("`sticky`"), "the locked channel is named: {text}");
    let console = thread::spawn(move || drop(console)); // which nobody has to wait for
    until("the console has ended", || console.is_finished());
    hangs.store(false, Ordering::Relaxed);
    taking.join().unwrap();
}

#[test]
fn the_answer_has_caught_up_once_the_clone_is_made() {
    let fabric = Fabric::new();
    let hangs = Arc::new(AtomicBool::new(true));
    let sticky = fabric.channel::<Sticky>("sticky").open().unwrap();
    let (mut one, _other) = (sticky.subscribe(), sticky.subscribe());
    sticky.try_send(Sticky(Arc::clone(&hangs))).unwrap();
    let taking = thread::spawn(move || drop(one.try_recv()));
    let (_console, address) = console(&fabric);
    let mut json = serde_json::Value::Null;
    until("it hangs from the first look on", || {
        json = get(address, "/snapshot.json").json();
        json["look_waiting_s"].is_f64()
    });
    assert_eq!(json["snapshot"], serde_json::json!({"channels": [], "handles": [], "tasks": []}));
    hangs.store(false, Ordering::Relaxed);
    taking.join().unwrap();
    until("it does not any more", || {
        let json = get(address, "/snapshot.json").json();
        json.get("look_waiting_s").is_none() && json["snapshot"]["channels"][0]["delivered"] == 1
    });
}

#[test]
fn the_map_is_there_for_graphviz() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").capacity(4).open().unwrap();
    let worker = jobs.join("workers");
    let (_console, address) = console(&fabric);
    let reply = get(address, "/map.dot");
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.head.contains("content-type: text/vnd.graphviz"), "{reply:?}");
    assert!(reply.body.starts_with("digraph swarm {") && reply.body.contains("jobs\\n0 of 4"), "{reply:?}");
    drop((jobs, worker, fabric));
    until("the fabric is gone", || get(address, "/map.dot").status == 410);
}

/// That all wait for something to do is told where somebody asks why nothing moves, and is no verdict.
#[test]
fn that_all_is_quiet_is_told_in_words_alone() {
    let fabric = Fabric::new();
    let mut worker = fabric.channel::<Job>("jobs").open().unwrap().join("workers");
    let (_console, address) = console(&fabric);
    let waiting = fabric.track("worker", async move { drop(worker.recv().await) });
    thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(waiting);
    });
    let mut json = serde_json::Value::Null;
    until("it has lasted", || {
        json = get(address, "/explain.json").json();
        json["text"] != ""
    });
    assert!(json["text"].as_str().unwrap().starts_with("QUIET for "), "{json}");
    assert_eq!(json["verdicts"], serde_json::json!([]));
    let snapshot = get(address, "/snapshot.json").json();
    assert_eq!((&snapshot["verdicts"], &snapshot["verdicts_text"]), (&json["verdicts"], &"".into()));
}
