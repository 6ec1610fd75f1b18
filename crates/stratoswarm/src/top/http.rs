//! One question and its answer by HTTP/1.1, over anything that can be read and written.

use std::{
    io::{self, Read, Write},
    time::{Duration, Instant},
};

/// The most bytes that the head of an answer may have.
const MAX_HEAD: usize = 16 << 10;
/// The most bytes of what is answered: a swarm of ten thousand channels has some of these.
const MAX_BODY: usize = 64 << 20;
/// The most fields in a head.
const MAX_FIELDS: usize = 64;

/// A way to a server whose calls end at a time that is set.
pub(super) trait Connection: Read + Write {
    /// Calls from now on take so long at most, which is more than nothing.
    fn limit(&mut self, time: Duration) -> io::Result<()>;
}

impl<C: Connection + ?Sized> Connection for Box<C> {
    fn limit(&mut self, time: Duration) -> io::Result<()> {
        (**self).limit(time)
    }
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HttpError {
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("{0}")]
    Broken(String),
    #[error("wants a token: --token T")]
    Unauthorised,
    #[error("answers with status {0}")]
    Status(u16),
    #[error("answers what is no HTTP: {0}")]
    NoHttp(&'static str),
    #[error("answers more than {0} bytes")]
    TooMuch(usize),
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) path: &'a str,
    pub(super) host: &'a str,
    pub(super) token: Option<&'a str>,
}

/// Asks, and reads the answer to its end, within `limit`.
///
/// # Errors
/// Anything but an answer of status 200 and at most [`MAX_BODY`] bytes.
pub(super) fn get(
    to: &mut impl Connection,
    question: Question<'_>,
    limit: Duration,
) -> Result<Vec<u8>, HttpError> {
    let (from, body) = asked(to, question, limit)?;
    match body {
        Body::Sized(length) => from.sized(length),
        Body::Chunked => from.chunked(),
        Body::ToEnd => from.until_end(),
    }
}

/// Asks, and reads the head of an answer of status 200.
fn asked<'a, C: Connection>(
    to: &'a mut C,
    question: Question<'_>,
    limit: Duration,
) -> Result<(Answer<'a, C>, Body), HttpError> {
    let Question { path, host, token } = question;
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let question = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\n{token}Accept: application/json\r\nConnection: close\r\n\r\n"
    );
    let mut from = Answer { to, bytes: Vec::new(), limit, end: Instant::now() + limit };
    from.say(question.as_bytes())?;
    loop {
        match from.head()? {
            (100..200, _) => {} // what is said before the answer
            (200, body) => return Ok((from, body)),
            (401, _) => return Err(HttpError::Unauthorised),
            (status, _) => return Err(HttpError::Status(status)),
        }
    }
}

/// Asks, and gives each part of the answer to `part` as it comes, until that has enough or the answer ends. Between two parts there may be
/// so much silence.
///
/// # Errors
/// Anything but an answer of status 200, in chunks.
pub(super) fn follow(
    to: &mut impl Connection,
    question: Question<'_>,
    silence: Duration,
    part: impl FnMut(&[u8]) -> bool,
) -> Result<(), HttpError> {
    let (from, body) = asked(to, question, silence)?;
    match body {
        Body::Chunked => from.each_chunk(true, part),
        Body::Sized(_) | Body::ToEnd => Err(HttpError::NoHttp("it does not come in chunks")),
    }
}

/// How the end of an answer is told.
enum Body {
    Sized(usize),
    Chunked,
    ToEnd,
}

struct Answer<'a, C> {
    to: &'a mut C,
    /// What has come, and was not used yet.
    bytes: Vec<u8>,
    limit: Duration,
    end: Instant,
}

impl<C: Connection> Answer<'_, C> {
    fn say(&mut self, question: &[u8]) -> Result<(), HttpError> {
        self.set_limit()?;
        let said = self.to.write_all(question).and_then(|()| self.to.flush());
        said.map_err(|error| self.told(&error))
    }

    /// The head of an answer: its status, and how its body ends.
    fn head(&mut self) -> Result<(u16, Body), HttpError> {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
            let mut head = httparse::Response::new(&mut fields);
            let parsed = head.parse(&self.bytes).map_err(|_| HttpError::NoHttp("its head cannot be read"))?;
            if let httparse::Status::Complete(length) = parsed {
                let found = (head.code.unwrap_or(0), body(head.headers)?);
                self.bytes.drain(..length);
                return Ok(found);
            }
            if self.bytes.len() > MAX_HEAD {
                return Err(HttpError::NoHttp("its head has no end"));
            }
            self.more()?;
        }
    }

    fn sized(mut self, length: usize) -> Result<Vec<u8>, HttpError> {
        self.fill(length)?;
        self.bytes.truncate(length);
        Ok(self.bytes)
    }

    fn chunked(self) -> Result<Vec<u8>, HttpError> {
        let (mut body, mut fits) = (Vec::new(), true);
        self.each_chunk(false, |chunk| {
            fits = chunk.len() + body.len() <= MAX_BODY;
            body.extend_from_slice(chunk);
            fits
        })?;
        if fits { Ok(body) } else { Err(HttpError::TooMuch(MAX_BODY)) }
    }

    /// Gives each chunk until that has enough, or there are no more. `anew`: the time begins anew with each.
    fn each_chunk(mut self, anew: bool, mut part: impl FnMut(&[u8]) -> bool) -> Result<(), HttpError> {
        loop {
            let parsed = httparse::parse_chunk_size(&self.bytes)
                .map_err(|_| HttpError::NoHttp("the size of a chunk cannot be read"))?;
            let httparse::Status::Complete((line, size)) = parsed else {
                if self.bytes.len() > MAX_HEAD {
                    return Err(HttpError::NoHttp("the size of a chunk has no end"));
                }
                self.more()?;
                continue;
            };
            if size == 0 {
                return Ok(());
            }
            let size = usize::try_from(size).ok().filter(|size| *size <= MAX_BODY);
            let size = size.ok_or(HttpError::TooMuch(MAX_BODY))?;
            // Behind it is a line break.
            self.fill(line + size + 2)?;
            if !part(&self.bytes[line..line + size]) {
                return Ok(());
            }
            self.bytes.drain(..line + size + 2);
            if anew {
                self.end = Instant::now() + self.limit;
            }
        }
    }

    fn until_end(mut self) -> Result<Vec<u8>, HttpError> {
        while self.read()? > 0 {
            if self.bytes.len() > MAX_BODY {
                return Err(HttpError::TooMuch(MAX_BODY));
            }
        }
        Ok(self.bytes)
    }

    fn fill(&mut self, length: usize) -> Result<(), HttpError> {
        while self.bytes.len() < length {
            self.more()?;
        }
        Ok(())
    }

    /// At least one byte more.
    fn more(&mut self) -> Result<(), HttpError> {
        match self.read()? {
            0 => Err(HttpError::NoHttp("it ends in the middle")),
            _ => Ok(()),
        }
    }

    fn read(&mut self) -> Result<usize, HttpError> {
        let mut part = [0; 16 << 10];
        loop {
            self.set_limit()?;
            match self.to.read(&mut part) {
                Ok(length) => {
                    self.bytes.extend_from_slice(&part[..length]);
                    return Ok(length);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.told(&error)),
            }
        }
    }

    /// The rest of the time is for the next call.
    fn set_limit(&mut self) -> Result<(), HttpError> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(HttpError::Late(self.limit));
        }
        self.to.limit(left).map_err(|error| HttpError::Broken(error.to_string()))
    }

    fn told(&self, error: &io::Error) -> HttpError {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => HttpError::Late(self.limit),
            _ => HttpError::Broken(error.to_string()),
        }
    }
}

fn body(fields: &[httparse::Header<'_>]) -> Result<Body, HttpError> {
    let all = |name: &'static str| fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    // The length is of no account where the body comes in chunks.
    if let Some(coding) = all("transfer-encoding").next() {
        let is_chunked = coding.value.trim_ascii().eq_ignore_ascii_case(b"chunked");
        return if is_chunked {
            Ok(Body::Chunked)
        } else {
            Err(HttpError::NoHttp("in a coding that is not known"))
        };
    }
    let mut length = None;
    for field in all("content-length") {
        let number = std::str::from_utf8(field.value).ok().and_then(|text| text.trim().parse::<u64>().ok());
        let number = number.filter(|number| length.is_none_or(|before| before == *number));
        length = Some(number.ok_or(HttpError::NoHttp("its length cannot be read"))?);
    }
    let Some(length) = length else { return Ok(Body::ToEnd) };
    match usize::try_from(length) {
        Ok(length) if length <= MAX_BODY => Ok(Body::Sized(length)),
        _ => Err(HttpError::TooMuch(MAX_BODY)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Says this, so many bytes at a time, and then nothing.
    struct Script<'a> {
        says: &'a [u8],
        at_once: usize,
        asked: Vec<u8>,
    }

    impl Read for Script<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.at_once.min(into.len()).min(self.says.len());
            let (part, rest) = self.says.split_at(length);
            into[..length].copy_from_slice(part);
            self.says = rest;
            Ok(length)
        }
    }

    impl Write for Script<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.asked.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Connection for Script<'_> {
        fn limit(&mut self, _: Duration) -> io::Result<()> {
            Ok(())
        }
    }

    const LIMIT: Duration = Duration::from_secs(3600);
    const QUESTION: Question<'_> = Question { path: "/snapshot.json", host: "localhost", token: None };

    fn answered(says: &[u8], at_once: usize) -> Result<String, HttpError> {
        let body = get(&mut Script { says, at_once, asked: Vec::new() }, QUESTION, LIMIT)?;
        Ok(String::from_utf8(body).unwrap())
    }

    #[test]
    fn the_question_names_host_and_token() {
        let mut to = Script { says: b"HTTP/1.1 200 OK\r\n\r\n", at_once: 99, asked: Vec::new() };
        get(&mut to, Question { token: Some("s3cret"), ..QUESTION }, LIMIT).unwrap();
        let asked = String::from_utf8(to.asked).unwrap();
        assert!(
            asked.starts_with(
                "GET /snapshot.json HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer s3cret\r\n"
            ),
            "{asked}"
        );
        assert!(asked.ends_with("Connection: close\r\n\r\n"), "{asked}");
    }

    #[test]
    fn every_way_to_tell_the_end_is_understood_in_any_pieces() {
        for says in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}and more"[..],
            b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 2\r\n\r\n3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"a\":1}",
            b"HTTP/1.0 200\r\n\r\n{\"a\":1}",
        ] {
            for at_once in [1, 2, 3, 7, 1000] {
                assert_eq!(answered(says, at_once).as_deref(), Ok("{\"a\":1}"), "{}", String::from_utf8_lossy(says));
            }
        }
    }

    #[test]
    fn what_is_no_answer_is_told_in_a_few_words() {
        let told = |says: &[u8]| answered(says, 5).unwrap_err().to_string();
        for (says, words) in [
            (&b""[..], "ends in the middle"),
            (b"SSH-2.0-OpenSSH\r\n", "no HTTP: its head"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"a\":1}", "ends in the middle"),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nContent-Length: 9\r\n\r\n{\"a\":1}",
                "length cannot be read",
            ),
            (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "length cannot be read"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n", "more than 67108864 bytes"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "coding that is not known"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "size of a chunk cannot be read"),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
                "more than 67108864 bytes",
            ),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "ends in the middle"),
            (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "--token T"),
            (b"HTTP/1.1 404 Not Found\r\n\r\n", "status 404"),
            (b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", "status 302"),
        ] {
            assert!(told(says).contains(words), "{}: {}", String::from_utf8_lossy(says), told(says));
        }
        let endless = [&b"HTTP/1.1 200 OK\r\nX: "[..], &vec![b'x'; 2 * MAX_HEAD]].concat();
        assert!(answered(&endless, 1000).unwrap_err().to_string().contains("head has no end"));
        let endless = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &vec![b'x'; MAX_BODY + 1]].concat();
        assert_eq!(answered(&endless, 1 << 20), Err(HttpError::TooMuch(MAX_BODY)));
    }

    #[test]
    fn no_time_is_no_answer() {
        let mut to = Script { says: b"HTTP/1.1 200 OK\r\n\r\n", at_once: 99, asked: Vec::new() };
        assert_eq!(get(&mut to, QUESTION, Duration::ZERO), Err(HttpError::Late(Duration::ZERO)));
    }

    proptest! {
        #[test]
        fn nothing_that_is_said_panics(
            says in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                "HTTP/1\\.1 [12]00 O?\r\n(Transfer-Encoding: chunked\r\n|Content-Length: [0-9]{1,3}\r\n)?\r\n([0-9a-f]{1,17}\r\n.{0,9}\r\n){0,3}"
                    .prop_map(String::into_bytes),
            ],
            at_once in 1_usize..50,
        ) {
            let _ = get(&mut Script { says: &says, at_once, asked: Vec::new() }, QUESTION, LIMIT);
        }
    }
}
