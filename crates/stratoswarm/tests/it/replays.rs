//! `replay`: what was recorded of a run, sent to its components once more.

use std::{fs, io::Read as _, process::Stdio};

use serde_json::Value;

use crate::{
    program::{command, program, refused},
    recordings::{counts, recorded, told, told_json},
};

/// What is replayed if nothing is said.
const REPLAYED: [&str; 6] = ["scheduler", "gpu", "governor", "cost", "efficiency", "knowledge"];

#[test]
fn a_recorded_run_is_sent_once_more() {
    let run = recorded(&["--seed", "5"]);
    let file = run.path("r.mcap");
    let mut sent = counts(&run.report["channels"], "sent");
    sent.retain(|(name, _)| REPLAYED.contains(&name.as_str()));
    sent.sort();
    assert_eq!(sent.len(), 6);
    let json = told_json(&["replay", &file, "--pace", "max", "--json"]);
    let mut again = counts(&json["channels"], "sent");
    again.sort();
    assert_eq!(again, sent);
    let (mut asked, mut answered) =
        (counts(&json["channels"], "asked"), counts(&json["channels"], "answered"));
    asked.sort();
    answered.sort();
    assert_eq!(asked, answered);
    let asked_for = |name: &str| asked.iter().find(|(of, _)| of == name).unwrap().1;
    assert!(REPLAYED.iter().all(|name| asked_for(name) > 0), "{asked:?}");
    assert_eq!((&json["interrupted"], &json["compared_replies"]), (&false.into(), &0.into()));

    let text = told(&["replay", &file, "--pace", "1000", "--channel", "cost", "--channel", "knowledge"]);
    let of = |name: &str| sent.iter().find(|(of, _)| of == name).unwrap().1;
    assert!(text.starts_with(&format!("{} messages sent in ", of("cost") + of("knowledge"))), "{text}");
    assert!(text.lines().count() == 5 && text.contains("\ncost "), "{text}");
    let json = told_json(&["replay", &file, "--from", "1h", "--json"]);
    assert_eq!(json["sent"], 0);
}

#[test]
fn what_cannot_be_replayed_is_refused() {
    let run = recorded(&[]);
    let file = run.path("r.mcap");
    refused(
        &program(&["replay", &file, "--channel", "evolution"]),
        2,
        &["\"evolution\" is not replayed", "accepted: gpu"],
    );
    refused(&program(&["replay", &file, "--channel", "costs"]), 2, &["no channel \"costs\" is recorded"]);
    refused(&program(&["replay", &file, "--pace", "0"]), 2, &["--pace", "accepted: max"]);
    refused(&program(&["replay", &file, "--from", "3s", "--to", "1s"]), 2, &["--from 3s is not before"]);
    refused(&program(&["replay", &file, "--ignore", "/at"]), 2, &["--compare"]);
    refused(&program(&["replay", "none.mcap"]), 2, &["none.mcap cannot be read"]);
    refused(&program(&["replay"]), 2, &["REC.mcap"]);
    let events = run.path("events.mcap");
    told(&["recording", "cut", &file, "--out", &events, "--channel", "events"]);
    refused(&program(&["replay", &events]), 2, &["none of its channels can be replayed"]);
}

#[test]
fn a_replay_is_read_by_who_stops_reading() {
    let run = recorded(&[]);
    let mut child =
        command(&["replay", &run.path("r.mcap"), "--pace", "max"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take()); // before anything is there
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!((child.wait().unwrap().code(), errors.as_str()), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_a_replay_with_what_was_sent_until_then() {
    use crate::signals::{signal, wait_until_listening};

    let run = recorded(&[]);
    let child = command(&["replay", &run.path("r.mcap"), "--pace", "0.0001", "--json"]).spawn().unwrap();
    wait_until_listening(&child);
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let recorded: u64 = counts(&run.report["channels"], "sent").iter().map(|(_, sent)| sent).sum();
    assert!(json["interrupted"] == true && json["sent"].as_u64().unwrap() < recorded, "{json}");
}

#[test]
fn a_part_is_cut_without_what_must_not_be_told() {
    let run = recorded(&[]);
    let (file, cut) = (run.path("r.mcap"), run.path("cut.mcap"));
    let redact = |path: &str| {
        program(&["recording", "cut", &file, "--out", &cut, "--channel", "cost", "--redact", path])
    };
    refused(&redact("costs:/x"), 2, &["no channel \"costs\" is recorded"]);
    refused(
        &redact("cost:/OptimizeFor/gaol"),
        2,
        &["no message has anything at \"cost:/OptimizeFor/gaol\"", "accepted"],
    );
    refused(&redact("goal"), 2, &["\"goal\" is no path"]);
    assert!(fs::metadata(&cut).is_err());
    assert_eq!(redact("cost:/OptimizeFor/problem_size").status.code(), Some(0));
    let lines = told(&["recording", "cat", &cut, "--json"]);
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["message"]["OptimizeFor"], serde_json::json!({ "goal": "Quality", "problem_size": 0 }));
}
