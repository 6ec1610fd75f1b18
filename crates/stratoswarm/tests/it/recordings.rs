//! `run --record`, and `recording`: what is in the file is what went through the channels.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::Stdio,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{berlin52, command, program, refused, solve_json};

const GENERATIONS: [&str; 2] = ["--generations", "2"];

pub(crate) struct Recorded {
    folder: TempDir,
    /// What the run printed.
    pub(crate) report: Value,
}

impl Recorded {
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

pub(crate) fn recorded(more: &[&str]) -> Recorded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.mcap");
    let report = solve_json(&[&GENERATIONS[..], &["--record", path.to_str().unwrap()], more].concat());
    Recorded { folder, report }
}

#[track_caller]
pub(crate) fn told(arguments: &[&str]) -> String {
    let output = program(arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
pub(crate) fn told_json(arguments: &[&str]) -> Value {
    serde_json::from_str(&told(arguments)).unwrap()
}

/// How many messages of each channel, by name.
pub(crate) fn counts(channels: &Value, count: &str) -> Vec<(String, u64)> {
    let of = |it: &Value| (it["name"].as_str().unwrap().to_owned(), it[count].as_u64().unwrap());
    channels.as_array().unwrap().iter().map(of).collect()
}

#[test]
fn a_recorded_run_has_each_message_that_was_sent() {
    let run = recorded(&["--seed", "5"]);
    let file = run.path("r.mcap");
    let info = told_json(&["recording", "info", &file, "--json"]);
    let sent = counts(&run.report["channels"], "sent");
    assert_eq!(counts(&info["channels"], "messages"), sent);
    assert!(sent.len() == 8 && sent.iter().all(|(_, count)| *count > 0), "{sent:?}");
    let channels = info["channels"].as_array().unwrap();
    assert!(channels.iter().all(|it| it["missed"] == 0 && it["gaps"].as_array().unwrap().is_empty()));
    assert_eq!((&info["meta"]["seed"], &info["meta"]["agents"]), (&"5".into(), &"16".into()));
    assert_eq!(
        (&info["damage"], &channels[1]["type"]),
        (&Value::Array(vec![]), &"stratoswarm.evolution".into())
    );

    let text = told(&["recording", "info", &file]);
    let all: u64 = sent.iter().map(|(_, count)| count).sum();
    assert!(text.starts_with(&format!("{all} messages of 8 channels in ")), "{text}");
    assert!(text.contains(", seed 5\n") && text.lines().count() == 12 + 8, "{text}");
    assert!(text.contains("\nsenders of evolution: run, agent-") && text.contains(" more\n"), "{text}");
    let senders = channels[1]["senders"].as_array().unwrap();
    assert_eq!((senders.len(), &senders[0]["name"]), (17, &"run".into()), "the run itself, and its agents");
}

#[test]
fn cat_prints_each_message_on_a_line() {
    let run = recorded(&[]);
    let file = run.path("r.mcap");
    let sent = counts(&run.report["channels"], "sent");
    let lines = told(&["recording", "cat", &file, "--json"]);
    assert_eq!(lines.lines().count() as u64, sent.iter().map(|(_, count)| count).sum::<u64>());
    let of_cost: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["channel"] == "cost")
        .collect();
    assert!(of_cost.iter().zip(0..).all(|(line, number)| line["number"] == number));
    assert_eq!(of_cost[0]["message"]["OptimizeFor"]["problem_size"], 52);
    assert_eq!((&of_cost[0]["request"], &of_cost[0]["class"]), (&true.into(), &"Normal".into()));

    let text = told(&["recording", "cat", &file, "--channel", "cost", "--channel", "events"]);
    let expected = sent.iter().filter(|(name, _)| name == "cost" || name == "events").map(|(_, count)| count);
    assert_eq!(text.lines().count() as u64, expected.sum::<u64>());
    assert!(
        text.contains(r#" cost 0? from run {"OptimizeFor":{"goal":"Quality","problem_size":52}}"#),
        "{text}"
    );
    let of_agent = told(&["recording", "cat", &file, "--sender", "agent-3", "--channel", "gpu", "--json"]);
    let of_agent: Vec<Value> = of_agent.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let from_agent = |line: &Value| line["channel"] == "gpu" && line["sender"] == "agent-3";
    let lines_of_agent =
        lines.lines().filter(|line| from_agent(&serde_json::from_str(line).unwrap())).count();
    assert!(of_agent.len() == lines_of_agent && of_agent.iter().all(from_agent), "{of_agent:?}");
    assert!(of_agent.is_sorted_by_key(|line| line["turn"].as_u64()), "{of_agent:?}");
    refused(
        &program(&["recording", "cat", &file, "--sender", "agent-99"]),
        2,
        &["\"agent-99\"", "accepted: agent-0"],
    );
    assert_eq!(told(&["recording", "cat", &file, "--from", "1h"]), "");
    assert_eq!(told(&["recording", "cat", &file, "--to", "1h", "--json"]), lines);

    let mut child = command(&["recording", "cat", &file]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 8];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap(); // and no more, as `head` does
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn what_is_cut_off_is_recovered_up_to_there() {
    let run = recorded(&[]);
    let (file, cut, good) = (run.path("r.mcap"), run.path("cut.mcap"), run.path("good.mcap"));
    let bytes = fs::read(&file).unwrap();
    fs::write(&cut, &bytes[..bytes.len() - 100]).unwrap();
    let info = told(&["recording", "info", &cut]);
    assert!(info.lines().last().unwrap().ends_with(": its summary was cut off"), "{info}");
    let said = told(&["recording", "recover", &cut, "--out", &good]);
    assert!(said.ends_with("good.mcap; one place that is damaged was left out\n"), "{said}");
    let lines = told(&["recording", "cat", &file]);
    assert_eq!(told(&["recording", "cat", &good]), lines);
    assert!(told_json(&["recording", "info", &good, "--json"])["damage"].as_array().unwrap().is_empty());

    let damaged = |output: std::process::Output, code| {
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(code) && told.contains("its summary was cut off\n"), "{told}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(damaged(program(&["recording", "cat", &cut]), 0), lines);
    assert_eq!(damaged(program(&["recording", "diff", &cut, &file]), 1), "no difference\n");

    refused(&program(&["recording", "recover", &cut, "--out", &good]), 2, &["good.mcap", "--force"]);
    let json = run.path("json.mcap");
    told(&["recording", "convert", &file, "--out", &json]);
    let bytes = fs::read(&json).unwrap();
    let text = br#"{"n":0,"d":"#;
    assert!(bytes.windows(text.len()).any(|part| part == text));
    refused(&program(&["recording", "info", &json]), 2, &["another kind"]);
    refused(&program(&["recording", "recover", &cut, "--out", &cut, "--force"]), 2, &["is what is read"]);
    told(&["recording", "cut", &file, "--out", &good, "--channel", "cost", "--force"]);
    let of_cost: Vec<_> =
        lines.lines().filter(|line| line.contains(" cost ")).map(|line| &line[12..]).collect();
    let part = told(&["recording", "cat", &good]);
    assert_eq!(part.lines().map(|line| &line[12..]).collect::<Vec<_>>(), of_cost);
}

#[test]
fn a_recording_of_several_files_is_one() {
    let run = recorded(&["--rotate", "64KiB"]);
    let all = run.path("r.mcap");
    assert!(!Path::new(&all).exists() && Path::new(&run.path("r.0002.mcap")).exists());
    let info = told_json(&["recording", "info", &all, "--json"]);
    assert_eq!(counts(&info["channels"], "messages"), counts(&run.report["channels"], "sent"));
    assert!(info["files"].as_array().unwrap().len() >= 2, "{info}");

    let kept = recorded(&["--rotate", "64KiB", "--keep", "1"]);
    let files = fs::read_dir(kept.folder.path()).unwrap().count();
    assert_eq!(files, 1);
}

#[test]
fn two_runs_are_compared() {
    let (one, other) = (recorded(&["--seed", "5"]), recorded(&["--seed", "6"]));
    let (a, b) = (one.path("r.mcap"), other.path("r.mcap"));
    assert_eq!(told(&["recording", "diff", &a, &a]), "no difference\n");
    let json = told_json(&["recording", "diff", &a, &a, "--order", "set", "--json"]);
    assert_eq!((&json["same"], &json["divergence"]), (&true.into(), &Value::Null));
    let output = program(&["recording", "diff", &a, &b, "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &json["same"]), (Some(4), &false.into()));
    let output = program(&["recording", "diff", &a, &b, "--order", "set"]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("\n  a: "));
    refused(&program(&["recording", "diff", &a, &b, "--ignore", "at"]), 2, &["\"at\" is no path"]);
    refused(&program(&["recording", "diff", &a, "none.mcap"]), 2, &["none.mcap"]);
}

/// Of one agent what it asks of the device and the evolution follows from the seed. When others measure something does not.
#[test]
fn one_agent_asks_the_same_with_the_same_seed() {
    let runs = ["3", "3", "4"].map(|seed| recorded(&["--agents", "1", "--seed", seed]));
    let [a, b, other] = runs.each_ref().map(|run| {
        let part = run.path("part.mcap");
        let channels = ["--channel", "gpu", "--channel", "evolution", "--channel", "knowledge"];
        told(&[&["recording", "cut", &run.path("r.mcap"), "--out", &part], &channels[..]].concat());
        part
    });
    assert_eq!(told(&["recording", "diff", &a, &b]), "no difference\n");
    let output = program(&["recording", "diff", &a, &other, "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &json["divergence"]["channel"]), (Some(4), &"gpu".into()), "{json}");
}

/// A run of four agents on so many threads, past the first migration.
fn on_threads(threads: &str, more: &[&str]) -> Recorded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.mcap");
    let (berlin52, path) = (berlin52(), path.to_str().unwrap());
    let arguments = [
        "run",
        berlin52.to_str().unwrap(),
        "--record",
        path,
        "--json",
        "--agents",
        "4",
        "--generations",
        "6",
    ];
    let mut command = command(&[&arguments[..], more].concat());
    let output = command.env("TOKIO_WORKER_THREADS", threads).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""));
    Recorded { folder, report: serde_json::from_slice(&output.stdout).unwrap() }
}

/// On how many threads it runs makes no difference to what any of its parts sends.
#[test]
fn runs_with_one_seed_send_the_same_on_one_thread_and_on_two() {
    let runs = ["1", "1", "2", "2"].map(|threads| on_threads(threads, &[]));
    let [first, others @ ..] = &runs;
    for other in others {
        let (a, b) = (first.path("r.mcap"), other.path("r.mcap"));
        assert_eq!(told(&["recording", "diff", &a, &b]), "no difference\n");
    }
}

/// The first thing that goes another way is found: what the agent asks for, before all that follows from it.
#[test]
fn a_run_that_mutates_more_is_found_with_who_asked_for_it() {
    let (often, rarely) = (on_threads("2", &["--mutation-rate", "0.9"]), on_threads("2", &[]));
    let output = program(&["recording", "diff", &rarely.path("r.mcap"), &often.path("r.mcap"), "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = &json["divergence"];
    assert_eq!((output.status.code(), &found["channel"]), (Some(4), &"evolution".into()), "{json}");
    assert_eq!(
        (&found["path"], &found["a"], &found["b"]),
        (&"/Mutation/rate".into(), &"0.3".into(), &"0.9".into())
    );
    assert!(found["sender"].as_str().is_some_and(|sender| sender.starts_with("agent-")), "{json}");
    assert!(found["a_number"].is_u64() && found["b_number"].is_u64(), "{json}");
    let text = program(&["recording", "diff", &rarely.path("r.mcap"), &often.path("r.mcap")]).stdout;
    assert!(String::from_utf8(text).unwrap().starts_with("evolution, agent-"));
    refused(&program(&["run", "-", "--mutation-rate", "1.5"]), 2, &["--mutation-rate", "from 0 to 1"]);
}

#[test]
fn what_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there.mcap");
    fs::write(&there, "mine").unwrap();
    let (there, berlin52) = (there.to_str().unwrap(), berlin52());
    let berlin52 = berlin52.to_str().unwrap();
    refused(&program(&["run", berlin52, "--record", there]), 2, &["there.mcap is there already", "accepted"]);
    assert_eq!(fs::read(there).unwrap(), b"mine");
    for (record, tour, more) in [("r.mcap", "./r.mcap", None), ("r.mcap", "r.0002.mcap", Some("--rotate"))] {
        let [record, tour] = [record, tour].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
        let mut arguments = vec!["run", berlin52, "--record", &record, "--tour-out", &tour];
        arguments.extend(more.into_iter().flat_map(|option| [option, "1MiB"]));
        refused(&program(&arguments), 2, &["--tour-out is a file of --record"]);
        assert!(!Path::new(&record).exists() && !Path::new(&tour).exists());
    }
    let nowhere = folder.path().join("no/such/r.mcap");
    refused(
        &program(&["run", berlin52, "--record", nowhere.to_str().unwrap()]),
        2,
        &["r.mcap cannot be written: its folder does not exist"],
    );
    refused(&program(&["recording", "info", there]), 2, &["no recording", "(at byte 0)"]);
    refused(&program(&["recording", "cat", "none.mcap"]), 2, &["none.mcap cannot be read"]);
    refused(&program(&["recording", "info"]), 2, &["REC.mcap"]);
    refused(&program(&["recording"]), 2, &["cat", "info", "recover"]);
    refused(&program(&["recording", "cat", there, "--from", "soon"]), 2, &["such as 5, 5s, 250ms"]);
    refused(
        &program(&["recording", "cat", there, "--from", "3s", "--to", "1s"]),
        2,
        &["--from 3s is not before --to 1s"],
    );
    let run = recorded(&[]);
    let file = run.path("r.mcap");
    refused(
        &program(&["recording", "cat", &file, "--channel", "costs"]),
        2,
        &["\"costs\"", "scheduler, evolution"],
    );
}

#[test]
fn a_foreign_part_is_left_out_and_a_damaged_one_is_found_if_that_is_asked_for() {
    let run = recorded(&["--rotate", "64KiB"]);
    let (all, first) = (run.path("r.mcap"), run.path("r.0001.mcap"));
    let before = told(&["recording", "info", &all]);
    fs::write(run.path("r.0000.mcap"), "something else").unwrap();
    let other = recorded(&[]);
    fs::copy(other.path("r.mcap"), run.path("r.99999.mcap")).unwrap();
    let info = || {
        let output = program(&["recording", "info", &all]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let errors = String::from_utf8(output.stderr).unwrap();
        (String::from_utf8(output.stdout).unwrap(), errors)
    };
    // The last one is of another run, so it is the recording that is meant.
    let (text, errors) = info();
    assert!(text != before && errors.lines().count() >= 3, "{errors}");
    fs::remove_file(run.path("r.99999.mcap")).unwrap();
    let (text, errors) = info();
    assert_eq!(text, before);
    assert!(
        errors.lines().count() == 1 && errors.contains("left out: ") && errors.contains("r.0000.mcap"),
        "{errors}"
    );
    fs::remove_file(run.path("r.0000.mcap")).unwrap();

    let mut bytes = fs::read(&first).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&first, bytes).unwrap();
    assert_eq!(told(&["recording", "info", &all]), before);
    let verified = told(&["recording", "info", &all, "--verify"]);
    assert!(verified.lines().last().unwrap().contains("damaged: "), "{verified}");
}

#[test]
fn a_recording_is_followed_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.mcap");
    let path = path.to_str().unwrap();
    let berlin52 = berlin52();
    let run = ["run", berlin52.to_str().unwrap(), "--seconds", "3", "--rotate", "64KiB", "--record", path];
    let mut swarm = command(&run).spawn().unwrap();
    let first = folder.path().join("r.0001.mcap");
    while !first.exists() {
        assert!(swarm.try_wait().unwrap().is_none(), "it has ended");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let mut followed = command(&["recording", "cat", path, "--follow"]).spawn().unwrap();
    let mut lines = BufReader::new(followed.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    assert!(swarm.try_wait().unwrap().is_none(), "it is told while the swarm runs: {line}");
    let mut all = vec![line];
    all.extend(lines.map(Result::unwrap));
    assert_eq!((swarm.wait().unwrap().code(), followed.wait().unwrap().code()), (Some(0), Some(0)));
    assert!(folder.path().join("r.0002.mcap").exists());
    assert_eq!(all, told(&["recording", "cat", path]).lines().collect::<Vec<_>>());
    refused(&program(&["recording", "cat", path, path, "--follow"]), 2, &["--follow takes one recording"]);
    refused(
        &program(&["recording", "cat", path, "--follow", "--channel", "x"]),
        2,
        &["no channel \"x\" is recorded"],
    );
    refused(&program(&["recording", "cat", "none.mcap", "--follow"]), 2, &["none.mcap cannot be read"]);
}

/// A file that is locked is being written, so there is no end to wait for.
#[cfg(unix)]
#[test]
fn following_ends_by_ctrl_c() {
    let run = recorded(&[]);
    let file = run.path("r.mcap");
    let length = fs::metadata(&file).unwrap().len();
    let locked = fs::OpenOptions::new().write(true).open(&file).unwrap();
    locked.set_len(length - 1).unwrap();
    locked.lock().unwrap();
    let mut followed = command(&["recording", "cat", &file, "--follow"]).spawn().unwrap();
    let mut lines = BufReader::new(followed.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    let id = followed.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert!(lines.all(|line| line.is_ok()));
    assert_eq!(followed.wait().unwrap().code(), Some(0));
}
