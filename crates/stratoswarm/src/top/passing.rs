//! What passes through one channel, as it is served event by event.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    thread,
    time::Duration,
};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    figure::{clean, count},
    input::Input,
    source::{Source, SourceError},
};

/// The server says something each second, also where nothing passes.
const SILENCE: Duration = Duration::from_secs(5);
/// A line is cut behind so many signs of a message.
const SHOWN: usize = 2000;

/// Follows a channel by a thread of its own, until it is dropped: it then ends with the next event.
#[derive(Debug)]
pub(super) struct Passing {
    channel: String,
    is_over: Arc<AtomicBool>,
}

/// One event; what is not there counts as nothing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Passed<'a> {
    over_s: f64,
    sent: u64,
    delivered: u64,
    waiting: u64,
    oldest_s: Option<f64>,
    #[serde(borrow)]
    messages: Option<Vec<Shown<'a>>>,
    missed: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Shown<'a> {
    seq: u64,
    lane: String,
    is_request: bool,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl Passing {
    /// Follows this channel; what comes of it goes to `inputs`.
    pub(super) fn follow(source: &Source, channel: &str, inputs: &Sender<Input>) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let (ended, source, listener) = (Arc::clone(&is_over), source.clone(), inputs.clone());
        let (name, path) = (channel.to_owned(), format!("/tap/{}", encoded(channel)));
        let follow = move || {
            let tell = |told| listener.send(Input::Passed(name.clone(), told)).is_ok();
            let mut events = Events::default();
            let goes_on = |part: &[u8]| {
                let lines = events.take(part);
                !ended.load(Ordering::Relaxed) && (lines.is_empty() || tell(Ok(lines)))
            };
            let why = match source.follow(&path, SILENCE, goes_on) {
                Ok(()) => "the channel is gone".to_owned(),
                Err(SourceError::Gone(why) | SourceError::Fault(why)) => why,
            };
            if !ended.load(Ordering::Relaxed) {
                tell(Err(why));
            }
        };
        if thread::Builder::new().name("tap".to_owned()).spawn(follow).is_err() {
            let why = Err("there can be no thread for it".to_owned());
            let _ = inputs.send(Input::Passed(channel.to_owned(), why));
        }
        Self { channel: channel.to_owned(), is_over }
    }

    /// Which channel it follows.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// Puts events together of the parts in which they come.
#[derive(Default)]
struct Events(Vec<u8>);

impl Events {
    /// The lines of the events that are complete now.
    fn take(&mut self, part: &[u8]) -> Vec<String> {
        self.0.extend_from_slice(part);
        let mut told = Vec::new();
        while let Some(end) = self.0.windows(2).position(|it| it == b"\n\n") {
            let event: Vec<u8> = self.0.drain(..end + 2).collect();
            let event = String::from_utf8_lossy(&event);
            let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or_default();
            match serde_json::from_str::<Passed<'_>>(data) {
                Ok(passed) => told.extend(lines(&passed)),
                Err(error) => told.push(clean(&format!("what is told is no event: {error}"))),
            }
        }
        told
    }
}

/// A line of figures if something has passed, and one of each message that is shown.
fn lines(passed: &Passed<'_>) -> Vec<String> {
    let Passed { over_s, sent, delivered, waiting, oldest_s, messages, missed } = passed;
    let mut lines = Vec::new();
    if *sent > 0 || *delivered > 0 {
        let oldest = oldest_s.filter(|_| *waiting > 0).map(|age| format!(", the oldest for {age:.1}s"));
        lines.push(format!(
            "in {over_s:.1}s  sent {}  delivered {}  {} wait{}",
            count(*sent),
            count(*delivered),
            count(*waiting),
            oldest.unwrap_or_default()
        ));
    }
    for message in messages.iter().flatten() {
        let payload = message.payload.map_or("(not shown)", RawValue::get);
        let payload: String = payload.chars().take(SHOWN).collect();
        let what = if message.is_request { "?" } else { " " };
        lines.push(clean(&format!("  #{}{what} {}  {payload}", message.seq, message.lane)));
    }
    if let Some(missed) = missed.filter(|missed| *missed > 0) {
        lines.push(format!("  … and {} more", count(missed)));
    }
    lines
}

/// A name as it may stand in a path.
fn encoded(name: &str) -> String {
    let mut path = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => path.push(byte.into()),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fit_for_a_path() {
        assert_eq!(encoded("jobs-1_a.b~"), "jobs-1_a.b~");
        assert_eq!(encoded("a b/ü%?#\r\n"), "a%20b%2F%C3%BC%25%3F%23%0D%0A");
    }

    #[test]
    fn events_are_put_together_wherever_they_are_cut() {
        let text = "event: passed\ndata: {\"channel\":\"jobs\",\"over_s\":0.21,\"sent\":12000,\"delivered\":3,\"lanes\":{},\
            \"waiting\":7,\"oldest_s\":1.25,\"messages\":[{\"seq\":41,\"lane\":\"normal\",\"is_request\":true,\
            \"payload\":{\"a\":[1, \"\u{9b}0m\"]}},{\"seq\":42,\"lane\":\"critical\",\"is_request\":false,\"payload\":null}],\
            \"missed\":9}\n\nevent: passed\ndata: {\"over_s\":1.0}\n\nevent: passed\ndata: {\n\n";
        let whole = Events::default().take(text.as_bytes());
        assert_eq!(
            whole[0],
            format!("in 0.2s  sent {}  delivered 3  7 wait, the oldest for 1.2s", count(12_000))
        );
        assert!(
            whole[1].starts_with("  #41? normal  {\"a\":[1, \"") && !whole[1].contains('\u{9b}'),
            "{whole:?}"
        );
        assert_eq!(whole[2..4], ["  #42  critical  (not shown)", "  … and 9 more"]);
        assert!(whole[4].starts_with("what is told is no event") && whole.len() == 5, "{whole:?}");
        for cut in 0..text.len() {
            let (mut events, (first, second)) = (Events::default(), text.as_bytes().split_at(cut));
            let mut told = events.take(first);
            told.extend(events.take(second));
            assert_eq!(told, whole, "cut at {cut}");
        }
    }

    /// From a server, in chunks that end anywhere; that the stream ends is told.
    #[test]
    fn a_channel_is_followed_until_it_is_gone() {
        use std::{
            io::{BufRead as _, BufReader, Write as _},
            net::TcpListener,
            sync::mpsc,
        };

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let (asked, questions) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut question = String::new();
                BufReader::new(&stream).read_line(&mut question).unwrap();
                asked.send(question).unwrap();
                let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
                let event = "event: passed\ndata: {\"over_s\":0.2,\"sent\":1}\n\n";
                let (first, second) = event.split_at(20);
                let mut answer = head.to_owned();
                for part in [first, second, event] {
                    answer += &format!("{:x}\r\n{part}\r\n", part.len());
                }
                stream.write_all((answer + "0\r\n\r\n").as_bytes()).unwrap();
            }
        });
        let source = Source::Server { authority, token: None };
        let (inputs, came) = mpsc::channel();
        let passing = Passing::follow(&source, "a b", &inputs);
        assert_eq!(questions.recv_timeout(SILENCE).unwrap(), "GET /tap/a%20b HTTP/1.1\r\n");
        let mut told = Vec::new();
        loop {
            match came.recv_timeout(SILENCE).unwrap() {
                Input::Passed(channel, Ok(lines)) if channel == "a b" => told.extend(lines),
                Input::Passed(_, Err(why)) => break assert_eq!(why, "the channel is gone"),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(told, ["in 0.2s  sent 1  delivered 0  0 wait"; 2]);
        assert_eq!(passing.channel(), "a b");
    }
}
