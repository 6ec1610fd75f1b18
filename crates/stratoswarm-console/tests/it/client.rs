use std::{
    io::{BufRead as _, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::Value;
use stratoswarm_console::Console;
use stratoswarm_core::Fabric;

/// For a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// Reads until the other side ends.
    pub(crate) fn read(mut from: impl Read) -> Self {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes); // a connection that is reset has ended
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A console at a port of its own, without a socket.
pub(crate) fn console(fabric: &Fabric) -> (Console, SocketAddr) {
    let console = Console::of(fabric).listen("127.0.0.1:0").without_socket().start().unwrap();
    let address = console.address().unwrap();
    (console, address)
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a request line and heads, and the end of them.
pub(crate) fn send(address: SocketAddr, lines: &[&str]) -> Reply {
    let mut stream = connect(address);
    let _ = stream.write_all((lines.join("\r\n") + "\r\n\r\n").as_bytes());
    Reply::read(stream)
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Reply {
    send(address, &[&format!("GET {path} HTTP/1.1"), &format!("Host: {address}")])
}

/// A stream of events that is read.
pub(crate) struct Stream(BufReader<TcpStream>);

impl Stream {
    pub(crate) fn open(address: SocketAddr, path: &str) -> Self {
        let mut stream = connect(address);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        Self(BufReader::new(stream))
    }

    /// The next event's name and data.
    pub(crate) fn next(&mut self) -> (String, Value) {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream has ended");
            if let Some(event) = line.strip_prefix("event: ") {
                event.trim().clone_into(&mut name);
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return (name, serde_json::from_str(data).unwrap());
            }
        }
    }
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "never so: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
