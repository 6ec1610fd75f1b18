use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::program::{berlin52, command};

fn started(options: &[&str]) -> Child {
    let berlin52 = berlin52();
    let mut command = command(&[&["run", berlin52.to_str().unwrap(), "--json"], options].concat());
    command.spawn().unwrap()
}

pub(crate) fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Waits until the program listens to signals, which it does from its first moments on.
pub(crate) fn wait_until_listening(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    let deadline = Instant::now() + Duration::from_secs(30);
    let caught = || -> Option<u64> {
        let status = std::fs::read_to_string(&status).ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    };
    // SIGINT is 2, SIGQUIT 3 and SIGTERM 15.
    while caught().is_some_and(|caught| [1, 2, 14].iter().any(|bit| caught >> bit & 1 == 0)) {
        assert!(Instant::now() < deadline, "the program does not listen to signals");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn ends_with_a_result(name: &str) {
    let child = started(&["--seconds", "600"]);
    wait_until_listening(&child);
    signal(&child, name);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["ended"], "interrupted");
    assert_eq!(json["tour"].as_array().unwrap().len(), 52);
}

#[test]
fn sigquit_explains_that_nothing_is_stuck_and_whoever_watches_is_silent() {
    let mut child = started(&["--seconds", "600", "--watch"]);
    wait_until_listening(&child);
    signal(&child, "-QUIT");
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    assert!(line.starts_with("nothing is stuck in ") && line.ends_with(" channels\n"), "{line}");
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let mut rest = String::new();
    errors.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "nothing begins not to move in a swarm that works");
}

#[test]
fn ctrl_c_ends_with_the_result_so_far() {
    ends_with_a_result("-INT");
}

#[test]
fn sigterm_ends_with_the_result_so_far() {
    ends_with_a_result("-TERM");
}
