//! `demo`: each demonstration gives its verdict, and its twin on tokio's channels is mute.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{command, program, refused};

/// The demonstrations in which something is stuck or slow; what is told, and of which channel and tasks.
const STUCK: [(&str, &[&str], &str, &[&str]); 9] = [
    ("full-cycle", &["DEADLOCK"], "jobs", &["planner", "worker"]),
    ("call-cycle", &["STUCK UNTIL"], "stock", &["orders/handler", "stock/handler"]),
    ("futurelock", &["UNPOLLED"], "jobs", &["source"]),
    ("own-group", &["STUCK UNTIL", "DEADLOCK"], "sums", &["adder/handler"]),
    ("unread-subscriber", &["NO READER"], "events", &["source"]),
    ("slow-subscriber", &["SLOW"], "events", &["audit"]),
    ("leaked-handle", &["LEAK"], "jobs", &["worker"]),
    ("dead-worker", &["NO MEMBER"], "jobs", &["source-1"]),
    ("busy-runtime", &["OUTSIDE"], "jobs", &["worker"]),
];

/// Each may take so long; the rest is for a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(5 + 10);

/// Runs all of these at once; each one's exit code and object.
fn all<'a>(arguments: impl Iterator<Item = Vec<&'a str>>) -> Vec<(Option<i32>, Value)> {
    let started = Instant::now();
    let running: Vec<_> = arguments.map(|arguments| command(&arguments).spawn().unwrap()).collect();
    let ended = running.into_iter().map(|child| {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "one object on one line: {text}");
        (output.status.code(), serde_json::from_str(&text).unwrap())
    });
    let ended = ended.collect();
    assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
    ended
}

fn words(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn each_demonstration_tells_what_is_wrong_with_whom_and_where() {
    let told = all(STUCK.iter().map(|(name, ..)| vec!["demo", name, "--json"]));
    for ((name, kinds, channel, tasks), (code, json)) in STUCK.into_iter().zip(told) {
        assert_eq!(code, Some(3), "{name}: {json}");
        let verdicts = json["verdicts"].as_array().unwrap();
        assert_eq!(verdicts.len(), 1, "{name}: {json}");
        let verdict = &verdicts[0];
        assert!(kinds.contains(&verdict["kind"].as_str().unwrap()), "{name}: {json}");
        assert!(words(&verdict["channels"]).contains(&channel), "{name}: {json}");
        let named = words(&verdict["tasks"]);
        assert!(tasks.iter().all(|task| named.contains(task)), "{name}: {json}");
        assert_eq!(verdict["certain"], name != "leaked-handle", "{name}: {json}");
        assert!(verdict["for_s"].as_f64().unwrap() > 0.0, "{name}: {json}");
        let file = format!("src/demo/{}.rs:", name.replace('-', "_"));
        let sites = words(&verdict["sites"]);
        assert!(!sites.is_empty() && sites.iter().all(|site| site.contains(&file)), "{name}: {json}");
    }
}

#[test]
fn the_forgotten_subscriber_is_named_by_its_line() {
    let output = program(&["demo", "unread-subscriber", "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let source = include_str!("../../src/demo/unread_subscriber.rs");
    let line = 1 + source.lines().position(|line| line.contains("history: events.subscribe()")).unwrap();
    let site = format!("unread_subscriber.rs:{line}");
    let sites = words(&json["verdicts"][0]["sites"]);
    assert!(sites.iter().any(|found| found.ends_with(&site)), "{json} lacks {site}");
}

#[test]
fn where_all_is_well_nothing_is_told() {
    let output = program(&["demo", "quiet", "--seconds", "4.5", "--json"]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""));
    assert_eq!(output.stdout, b"{\"verdicts\":[]}\n");
}

#[test]
fn the_twins_on_tokio_tell_nothing_and_only_that_nothing_moves() {
    let names = STUCK.iter().map(|(name, ..)| *name).chain(["quiet"]);
    let told = all(names.clone().map(|name| vec!["demo", name, "--twin", "--seconds", "2.5", "--json"]));
    for (name, (code, json)) in names.zip(told) {
        assert_eq!((code, json["verdicts"].as_array().map(Vec::len)), (Some(0), Some(0)), "{name}: {json}");
        let still = json["still_s"].as_f64().unwrap();
        let moves = matches!(name, "slow-subscriber" | "quiet");
        assert!(moves || still > 1.0, "{name}: {json}");
    }
    let output = program(&["demo", "full-cycle", "--twin", "--seconds", "1"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    for said in ["Nothing has moved for ", "jobs: 0 of 2 places free", "channels cannot say more"] {
        assert!(text.contains(said), "{text} lacks {said}");
    }
}

#[test]
fn calls_in_a_cycle_end_at_the_moment_that_was_told() {
    let output = program(&["demo", "call-cycle"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    for said in ["STUCK UNTIL a deadline in ", "orders asks stock: expired while being handled after 2."] {
        assert!(text.contains(said), "{text} lacks {said}");
    }
}

#[test]
fn a_demonstration_that_there_is_not_is_refused_with_the_names_of_those_there_are() {
    let names: Vec<_> = STUCK.iter().map(|(name, ..)| *name).chain(["quiet", "full_cycle"]).collect();
    refused(&program(&["demo", "full_cycle"]), 2, &names);
    refused(&program(&["demo"]), 2, &["NAME"]);
    refused(
        &program(&["demo", "quiet", "--seconds", "0"]),
        2,
        &["--seconds", "accepted: a number of seconds"],
    );
}
