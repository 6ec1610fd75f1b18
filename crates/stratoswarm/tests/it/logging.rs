use std::process::Output;

use serde_json::Value;

use crate::program::{berlin52, command, refused};

fn logged(value: &str) -> Output {
    let berlin52 = berlin52();
    let arguments = ["run", berlin52.to_str().unwrap(), "--json", "--agents", "2", "--generations", "1"];
    command(&arguments).env("RUST_LOG", value).output().unwrap()
}

#[test]
fn events_go_to_standard_error_and_the_result_to_standard_output() {
    for value in ["debug", "warn, stratoswarm_core=debug,"] {
        let output = logged(value);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{errors}");
        let end = errors.lines().find(|line| line.contains("fabric shut down"));
        assert!(
            end.is_some_and(|line| line.contains("DEBUG") && line.contains("stratoswarm_core")),
            "{errors}"
        );
        assert!(!errors.replace('\n', "").chars().any(char::is_control), "{errors:?}");
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["instance"], "berlin52");
    }
}

#[test]
fn what_is_not_asked_for_is_not_logged() {
    for value in ["", "off", "error", "another_program=trace"] {
        let output = logged(value);
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{value}");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn values_that_are_none_are_refused() {
    let output = logged("stratoswarm_core=loud");
    refused(&output, 2, &["RUST_LOG \"stratoswarm_core=loud\": ", "\"debug\"", "; accepted: LEVEL, TARGET"]);
    refused(&logged("a=debug=b"), 2, &["RUST_LOG", "too many '='"]);
    let help = command(&["run", "--help"]).env("RUST_LOG", "a=loud").output().unwrap();
    assert_eq!(help.status.code(), Some(0), "help needs no logging");
}

#[cfg(unix)]
#[test]
fn a_value_of_other_bytes_is_refused() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    let mut command = command(&["run", berlin52().to_str().unwrap()]);
    let output = command.env("RUST_LOG", OsStr::from_bytes(b"\xff")).output().unwrap();
    refused(&output, 2, &["RUST_LOG", "not UTF-8", "; accepted: LEVEL"]);
}
