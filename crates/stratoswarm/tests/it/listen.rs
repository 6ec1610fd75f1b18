//! Looking at the program from outside, while it runs.

use std::{
    io::{BufRead as _, BufReader, Read, Write},
    net::TcpStream,
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    process::Child,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::program::{berlin52, command, refused};

const PATIENCE: Duration = Duration::from_secs(30);

/// A program with a folder for its sockets, which ends with this.
struct Running {
    child: Child,
    folder: tempfile::TempDir,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = command(arguments).env("XDG_RUNTIME_DIR", folder.path()).spawn().unwrap();
        Self { child, folder }
    }

    fn run(options: &[&str]) -> Self {
        let berlin52 = berlin52();
        Self::start(&[&["run", berlin52.to_str().unwrap(), "--seconds", "600"], options].concat())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("stratoswarm").join(format!("{}.sock", self.child.id()))
    }

    /// The line that tells where the page is: host and port, and what follows.
    fn told(&mut self) -> (String, String) {
        let mut line = String::new();
        BufReader::new(self.child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("stratoswarm: the channels are shown at http://");
        let (host, rest) = url.unwrap_or_else(|| panic!("{line}")).split_once('/').unwrap();
        (host.to_owned(), rest.to_owned())
    }

    fn interrupt(&self) {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(mut stream: impl Read + Write, lines: &[&str]) -> (String, String) {
    write!(stream, "{}\r\n\r\n", lines.join("\r\n")).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn snapshot(stream: impl Read + Write, host: &str) -> Value {
    let (head, body) = ask(stream, &["GET /snapshot.json HTTP/1.1", &format!("Host: {host}")]);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    serde_json::from_str(&body).unwrap()
}

/// Connects once it listens.
fn connect(socket: &Path) -> UnixStream {
    let begin = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return stream,
            Err(error) => assert!(begin.elapsed() < PATIENCE, "{}: {error}", socket.display()),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn channels(json: &Value) -> Vec<&str> {
    let channels = json["snapshot"]["channels"].as_array().unwrap();
    channels.iter().map(|channel| channel["name"].as_str().unwrap()).collect()
}

#[test]
fn a_run_can_be_looked_at_by_its_socket_without_being_asked_to() {
    let mut running = Running::run(&["--json"]);
    let socket = running.socket();
    let json = snapshot(connect(&socket), "");
    assert_eq!(json["pid"], running.child.id());
    assert_eq!(json["program"], "stratoswarm");
    assert!(channels(&json).contains(&"evolution"), "{json}");
    let folder = std::fs::metadata(socket.parent().unwrap()).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    running.interrupt();
    assert!(running.child.wait().unwrap().success());
    assert!(!socket.exists(), "it goes with the program");
    let mut errors = String::new();
    running.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(errors, "");
}

#[test]
fn a_run_without_a_place_for_a_socket_goes_on() {
    let berlin52 = berlin52();
    let mut command = command(&["run", berlin52.to_str().unwrap(), "--generations", "1", "--agents", "1"]);
    let output = command.env("XDG_RUNTIME_DIR", "/dev/null/nowhere").output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    let mut command =
        crate::program::command(&["demo", "full-cycle", "--listen", "127.0.0.1:0", "--seconds", "1.5"]);
    let output = command.env("XDG_RUNTIME_DIR", "/dev/null/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

#[test]
fn a_run_listens_where_it_is_told_to() {
    let mut running = Running::run(&["--listen", "127.0.0.1:0"]);
    let (host, rest) = running.told();
    assert_eq!(rest, "");
    let json = snapshot(TcpStream::connect(&host).unwrap(), &host);
    assert_eq!(json["pid"], running.child.id());
    assert!(running.socket().exists(), "it has both");
}

#[test]
fn with_a_token_the_line_has_it_behind_the_page() {
    let mut running = Running::run(&["--listen", "0.0.0.0:0", "--token", "s3cret"]);
    let (host, rest) = running.told();
    assert_eq!(rest, "#token=s3cret");
    let connect = || TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
    let lines = ["GET /snapshot.json HTTP/1.1", &format!("Host: {host}")];
    assert!(ask(connect(), &lines).0.starts_with("HTTP/1.1 401 "));
    let (head, _) = ask(connect(), &[lines[0], lines[1], "Authorization: Bearer s3cret"]);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
}

#[test]
fn a_stuck_demonstration_stays_to_be_looked_at_until_its_seconds_are_over() {
    let begin = Instant::now();
    let mut running =
        Running::start(&["demo", "full-cycle", "--listen", "127.0.0.1:0", "--seconds", "4", "--json"]);
    let (host, _) = running.told();
    let mut printed = String::new();
    BufReader::new(running.child.stdout.as_mut().unwrap()).read_line(&mut printed).unwrap();
    assert!(printed.contains("DEADLOCK"), "it is told at once: {printed}");
    let json = snapshot(TcpStream::connect(&host).unwrap(), &host);
    assert_eq!(json["verdicts"][0]["kind"], "Deadlock", "{json}");
    assert!(json["verdicts_text"].as_str().unwrap().contains("full_cycle.rs:"), "{json}");
    assert_eq!(running.child.wait().unwrap().code(), Some(3));
    assert!(begin.elapsed() >= Duration::from_secs(4), "{:?}", begin.elapsed());
}

#[test]
fn a_runtime_that_computes_without_a_break_can_be_looked_at() {
    let running = Running::start(&["demo", "busy-runtime", "--seconds", "3"]);
    let json = snapshot(connect(&running.socket()), "");
    assert!(json["snapshot"]["channels"].is_array());
}

#[test]
fn bad_places_to_listen_are_refused_in_one_line() {
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = busy.local_addr().unwrap().to_string();
    let berlin52 = berlin52();
    for (arguments, words) in [
        (vec!["--listen", "here"], ["--listen", "accepted: IP:PORT"]),
        (vec!["--listen", "0.0.0.0:0"], ["--listen", "token"]),
        (vec!["--listen", "127.0.0.1:0", "--token", "two words"], ["token", "accepted"]),
        (vec!["--listen", &taken], [&taken, "cannot be listened at"]),
        (vec!["--token", "s3cret"], ["--listen", "required"]),
    ] {
        for begin in [vec!["run", berlin52.to_str().unwrap()], vec!["demo", "full-cycle"]] {
            let output = command(&[begin.as_slice(), &arguments].concat()).output().unwrap();
            refused(&output, 2, &words);
        }
    }
    let twin = command(&["demo", "full-cycle", "--twin", "--listen", "127.0.0.1:0"]).output().unwrap();
    refused(&twin, 2, &["--twin", "--listen"]);
}
