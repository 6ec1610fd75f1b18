//! `top`: a swarm that is served over a socket, as text and as JSON, and everything that can be wrong with it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read, Write},
    net::TcpListener,
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
    path::PathBuf,
    process::{Child, Command, Output},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use stratoswarm_core::{Fabric, Message, NoReply};

use crate::program::{self, refused};

#[derive(Clone, Debug)]
struct Job;

impl Message for Job {
    type Reply = NoReply;
}

/// A folder for sockets, as the environment names it.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.folder()).unwrap();
        fs::set_permissions(place.folder(), fs::Permissions::from_mode(0o700)).unwrap();
        place
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("stratoswarm")
    }

    fn listen(&self, pid: u32) -> UnixListener {
        UnixListener::bind(self.folder().join(format!("{pid}.sock"))).unwrap()
    }

    /// Answers so many questions with this, for what is asked; then nobody listens.
    fn serve(&self, pid: u32, answers: usize, answer: impl Fn(&str) -> Vec<u8> + Send + 'static) {
        let listener = self.listen(pid);
        thread::spawn(move || {
            for stream in listener.incoming().take(answers) {
                reply(&mut stream.unwrap(), &answer);
            }
        });
    }

    fn command(&self, options: &[&str]) -> Command {
        let mut command = program::command(&[&["top"], options].concat());
        command.env("XDG_RUNTIME_DIR", self.0.path());
        command
    }

    fn top(&self, options: &[&str]) -> Output {
        self.command(options).output().unwrap()
    }
}

/// Reads a question and answers it; whoever has gone does not hear it.
fn reply(stream: &mut (impl Read + Write), answer: &dyn Fn(&str) -> Vec<u8>) {
    let mut question = Vec::new();
    let mut byte = [0];
    while !question.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|length| length > 0) {
        question.extend(byte);
    }
    let _ = stream.write_all(&answer(&String::from_utf8(question).unwrap()));
}

fn sized(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Two tasks that wait for each other's full channels, and a broadcast.
fn served(pid: u32) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let fabric = Fabric::new();
        let jobs = fabric.channel::<Job>("jobs").capacity(2).open().unwrap();
        let results = fabric.channel::<Job>("results").capacity(2).open().unwrap();
        let news = fabric.broadcast::<u32>("news").open().unwrap();
        let (mut to_do, mut done) = (jobs.join("workers"), results.join("planners"));
        fabric.spawn("planner", async move {
            for round in 1.. {
                for _ in 0..round {
                    jobs.send(Job).await.ok();
                }
                for _ in 0..round {
                    done.recv().await;
                }
            }
        });
        fabric.spawn("worker", async move {
            while let Some(_job) = to_do.recv().await {
                results.send(Job).await.ok();
            }
        });
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        let verdicts = fabric.explain();
        let text: String = verdicts.iter().map(ToString::to_string).collect();
        let served = json!({"format": 1, "program": "berlin52", "pid": pid, "at_unix_s": 1_790_000_000.123, "uptime_s": 12.3,
            "snapshot": fabric.snapshot(), "figures": [], "verdicts": verdicts, "verdicts_text": text});
        drop(news);
        served
    })
}

#[track_caller]
fn succeeded(output: Output, errors: &str) -> String {
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.as_str()), (Some(0), errors));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_only_process_that_listens_is_shown_as_text() {
    let place = Place::new();
    let served = served(4711);
    // Another one has left its socket behind.
    drop(place.listen(4712));
    fs::write(place.folder().join("4713.sock"), "").unwrap();
    let body = served.to_string();
    place.serve(4711, 2, move |question| {
        assert!(question.starts_with("GET /snapshot.json HTTP/1.1\r\n"), "{question}");
        sized(&body)
    });
    let text = succeeded(place.top(&["--once"]), "");
    assert!(text.starts_with("berlin52 pid 4711   3 channels   2 tasks   up 12s\n"), "{text}");
    assert!(
        text.contains("DEADLOCK") && words(&text).contains(&words(served["verdicts_text"].as_str().unwrap())),
        "{text}"
    );
    let jobs = text.lines().find(|line| line.starts_with("! jobs ")).unwrap();
    for word in ["██████████", "2/2", " 1 ", "workers: 1 in hand"] {
        assert!(jobs.contains(word), "{word}: {text}");
    }
    assert!(text.lines().any(|line| line.starts_with("  news ~")), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours: {text}");
}

/// Whatever the lines are.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_served_is_printed_as_it_is() {
    let place = Place::new();
    let body = served(7).to_string();
    let (head, tail) = body.split_at(100);
    let chunks = format!("{:x}\r\n{head}\r\n{:x};x\r\n{tail}\r\n0\r\n\r\n", head.len(), tail.len());
    let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
    place.serve(7, 2, move |_| chunked.clone().into_bytes());
    assert_eq!(succeeded(place.top(&["7", "--json"]), ""), format!("{body}\n"));
}

#[test]
fn whoever_is_to_be_watched_is_stated_where_there_are_several() {
    let place = Place::new();
    let body = served(12).to_string();
    place.serve(12, 9, move |_| sized(&body));
    let other = served(34).to_string().replace("berlin52", "an\\u001b[2Jother");
    place.serve(34, 9, move |_| sized(&other));
    drop(place.listen(56));
    let words = ["2 programs", "12 (berlin52)", "34 (an\u{fffd}[2Jother)", "`stratoswarm top 12`"];
    let output = place.top(&["--once"]);
    refused(&output, 2, &words);
    assert!(!String::from_utf8(output.stderr).unwrap().contains("56"), "that one has ended");
    assert!(succeeded(place.top(&["12", "--once"]), "").starts_with("berlin52 pid 12 "));
    refused(
        &place.top(&["56", "--once"]),
        2,
        &["process 56 does not listen in", "accepted: the pid of one that does"],
    );
}

#[test]
fn where_nobody_can_be_watched_one_line_says_what_to_do() {
    let place = Place::new();
    let words = ["no program of yours can be watched", "`stratoswarm run FILE.tsp`", "--url"];
    refused(&place.top(&[]), 2, &words);
    fs::remove_dir(place.folder()).unwrap();
    refused(&place.top(&["--json"]), 2, &words);
    refused(&place.top(&["4711"]), 2, &words);
    fs::create_dir(place.folder()).unwrap();
    fs::set_permissions(place.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    refused(&place.top(&["--once"]), 2, &["is open to others", "mode 0700"]);
    refused(&place.top(&["0"]), 2, &["accepted: the number of a process"]);
    refused(
        &place.top(&["--once", "--url", "https://a:1"]),
        2,
        &["--url \"https://a:1\"", "accepted: http://HOST:PORT"],
    );
}

#[test]
fn a_process_whose_channels_are_gone_has_ended() {
    let place = Place::new();
    place.serve(7, 9, |_| b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n".to_vec());
    refused(&place.top(&["--once"]), 2, &["no program of yours can be watched"]);
}

#[test]
fn the_screen_needs_a_terminal() {
    let place = Place::new();
    let body = served(7).to_string();
    place.serve(7, 9, move |_| sized(&body));
    refused(&place.top(&[]), 2, &["no terminal", "accepted: --once or --json"]);
}

#[test]
fn answers_that_are_none_are_told() {
    for (answer, words) in [
        (b"SSH-2.0\r\n\r\n".to_vec(), ["pid 7: answers what is no HTTP"]),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_vec(), ["pid 7: answers with status 500"]),
        (sized("{\"format\":2}"), ["pid 7: serves format 2; accepted: format 1"]),
        (sized("[\"\u{1b}[2J\"]"), ["pid 7: answers what is no snapshot"]),
        (Vec::new(), ["pid 7: answers what is no HTTP: it ends in the middle"]),
    ] {
        let place = Place::new();
        place.serve(7, 9, move |_| answer.clone());
        for form in ["--once", "--json"] {
            refused(&place.top(&["7", form]), 1, &words);
        }
    }
}

#[test]
fn whoever_does_not_answer_is_given_up() {
    let place = Place::new();
    let listener = place.listen(7);
    let held: Arc<AtomicUsize> = Arc::default();
    let count = Arc::clone(&held);
    thread::spawn(move || {
        // Kept open, and never answered.
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            open.push(stream);
            count.store(open.len(), Ordering::SeqCst);
        }
    });
    let begin = Instant::now();
    refused(&place.top(&["--once"]), 1, &["pid 7: no answer within 2s"]);
    refused(&place.top(&["7", "--json"]), 1, &["pid 7: no answer within 2s"]);
    assert!(begin.elapsed() < Duration::from_secs(7), "each of the two waits for 2 s");
    assert_eq!(held.load(Ordering::SeqCst), 2, "each is asked once");
}

#[test]
fn with_an_interval_there_are_pictures_until_the_process_ends() {
    let place = Place::new();
    let body = served(7).to_string();
    let same = body.clone();
    // The first is asked by whoever looks for it.
    place.serve(7, 4, move |_| sized(&same));
    let text = succeeded(place.top(&["--json", "--interval", "0.01"]), "stratoswarm: pid 7 has ended\n");
    assert_eq!(text, format!("{body}\n").repeat(3));
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    line
}

#[test]
fn a_reader_that_has_gone_ends_it_quietly() {
    let place = Place::new();
    let body = served(7).to_string();
    place.serve(7, usize::MAX, move |_| sized(&body));
    for form in ["--once", "--json"] {
        let mut child = place.command(&["7", form, "--interval", "0.01"]).spawn().unwrap();
        // The rest of the pipe is closed here.
        assert!(!first_line(&mut child).is_empty());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    }
}

#[test]
fn a_server_is_asked_with_its_token() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let host = format!("\r\nHost: {}\r\n", listener.local_addr().unwrap());
    let body = served(7).to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            reply(&mut stream.unwrap(), &|question| {
                assert!(question.contains(&host), "{question}");
                if question.contains("\r\nAuthorization: Bearer s3cret\r\n") {
                    return sized(&body);
                }
                b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_vec()
            });
        }
    });
    let top = |options: &[&str]| program::program(&[&["top", "--once", "--url", &url], options].concat());
    assert!(succeeded(top(&["--token", "s3cret"]), "").starts_with("berlin52 pid 7 "));
    refused(&top(&[]), 1, &[&url, "wants a token: --token T"]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    refused(&program::program(&["top", "--json", "--url", &nowhere]), 2, &[&nowhere, "nobody listens there"]);
}
