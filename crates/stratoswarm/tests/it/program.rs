//! Runs the binary.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// The binary, with no terminal anywhere, and without logging.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stratoswarm"));
    command
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) fn program(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// The same with `input` on standard input.
pub(crate) fn piped(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = command(arguments).stdin(Stdio::piped()).spawn().unwrap();
    // Dropped at once, so that the input ends.
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// Runs on berlin52, expects success and silence on standard error, returns standard output.
#[track_caller]
pub(crate) fn solve(options: &[&str]) -> String {
    let berlin52 = berlin52();
    let output = program(&[&["run", berlin52.to_str().unwrap()], options].concat());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""), "{options:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
pub(crate) fn solve_json(options: &[&str]) -> Value {
    let text = solve(&[&["--json"], options].concat());
    assert_eq!(text.lines().count(), 1, "one object on one line");
    serde_json::from_str(&text).unwrap()
}

/// Expects a refusal or failure: this exit code, one line that has all of `words`, nothing on standard output.
#[track_caller]
pub(crate) fn refused(output: &Output, code: i32, words: &[&str]) {
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(!errors.trim_end().chars().any(char::is_control), "{errors:?}");
    assert!(errors.starts_with("stratoswarm: "), "{errors}");
    assert!(words.iter().all(|word| errors.contains(word)), "{errors} lacks one of {words:?}");
    assert!(output.stdout.is_empty());
}

/// A file's text with one line for each of the nodes 1 to `cities`.
pub(crate) fn instance(kind: &str, cities: u32, point: impl Fn(u32) -> (f64, f64)) -> String {
    let mut lines = vec![format!("DIMENSION: {cities}"), format!("EDGE_WEIGHT_TYPE: {kind}")];
    lines.push("NODE_COORD_SECTION".to_owned());
    lines.extend((1..=cities).map(|node| format!("{node} {} {}", point(node).0, point(node).1)));
    lines.push("EOF\n".to_owned());
    lines.join("\n")
}

pub(crate) fn berlin52() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/berlin52.tsp")
}
