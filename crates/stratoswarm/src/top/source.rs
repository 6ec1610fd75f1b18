use std::{
    io,
    net::{TcpStream, ToSocketAddrs as _},
    time::Duration,
};
#[cfg(unix)]
use std::{os::unix::net::UnixStream, path::PathBuf};

use super::http::{Connection, HttpError, Question, follow, get};

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A process of this machine, by the socket that it listens at, and that socket's name: its number, or `4711-2`.
    #[cfg(unix)]
    Process { name: String, socket: PathBuf },
    /// A server, by host and port.
    Server { authority: String, token: Option<String> },
}

/// Why it does not tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SourceError {
    /// Nobody listens there.
    Gone(String),
    /// Somebody does, but the answer is none.
    Fault(String),
}

impl Source {
    /// A server by its URL, `http://HOST:PORT`.
    ///
    /// # Errors
    /// It is none that can be asked: what is accepted.
    pub(super) fn server(url: &str, token: Option<String>) -> Result<Self, &'static str> {
        const ACCEPTED: &str = "accepted: http://HOST:PORT";
        let authority = url.strip_prefix("http://").ok_or(ACCEPTED)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let is_plain =
            |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_' | ':' | '[' | ']');
        let port =
            authority.rsplit_once(':').map(|(host, port)| (!host.is_empty(), port.parse::<u16>().is_ok()));
        if !authority.chars().all(is_plain) || port != Some((true, true)) {
            return Err(ACCEPTED);
        }
        if token.as_ref().is_some_and(|token| !token.chars().all(|it| it.is_ascii_graphic())) {
            return Err("accepted: a token of letters, digits and signs of ASCII");
        }
        Ok(Self::Server { authority: authority.to_owned(), token })
    }

    /// Asks for one of its objects, within `limit`; while a process is stopped, connecting may take longer.
    ///
    /// # Errors
    /// It does not answer as it should.
    pub(super) fn get(&self, path: &str, limit: Duration) -> Result<Vec<u8>, SourceError> {
        self.ask(path, limit, |mut stream, question| get(&mut stream, question, limit))
    }

    /// Asks for one of its streams, and gives each part to `part` until that has enough, or it ends. It may say nothing for so long.
    ///
    /// # Errors
    /// It does not answer as it should.
    pub(super) fn follow(
        &self,
        path: &str,
        silence: Duration,
        part: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), SourceError> {
        self.ask(path, silence, |mut stream, question| follow(&mut stream, question, silence, part))
    }

    fn ask<T>(
        &self,
        path: &str,
        limit: Duration,
        ask: impl FnOnce(Box<dyn Connection>, Question<'_>) -> Result<T, HttpError>,
    ) -> Result<T, SourceError> {
        let told = match self {
            #[cfg(unix)]
            Self::Process { socket, .. } => {
                let stream = UnixStream::connect(socket).map_err(|error| unconnected(&error))?;
                ask(Box::new(stream), Question { path, host: "localhost", token: None })
            }
            Self::Server { authority, token } => {
                let stream = connect(authority, limit)?;
                ask(Box::new(stream), Question { path, host: authority, token: token.as_deref() })
            }
        };
        told.map_err(|error| match error {
            // The process goes on, with nothing left to be looked at.
            HttpError::Status(410) => SourceError::Gone("its channels are gone".to_owned()),
            error => SourceError::Fault(error.to_string()),
        })
    }

    /// What it is called in a line of text.
    pub(super) fn name(&self) -> String {
        match self {
            #[cfg(unix)]
            Self::Process { name, .. } => format!("pid {name}"),
            Self::Server { authority, .. } => format!("http://{authority}"),
        }
    }
}

/// To the first of its addresses that listens.
fn connect(authority: &str, limit: Duration) -> Result<TcpStream, SourceError> {
    let addresses = authority
        .to_socket_addrs()
        .map_err(|error| SourceError::Fault(format!("has no address: {error}")))?;
    let mut failed = SourceError::Fault("has no address".to_owned());
    for address in addresses {
        match TcpStream::connect_timeout(&address, limit) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = unconnected(&error),
        }
    }
    Err(failed)
}

fn unconnected(error: &io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            SourceError::Gone("nobody listens there".to_owned())
        }
        _ => SourceError::Fault(format!("cannot be reached: {error}")),
    }
}

impl Connection for TcpStream {
    fn limit(&mut self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

#[cfg(unix)]
impl Connection for UnixStream {
    fn limit(&mut self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_one_kind_are_accepted() {
        for (url, authority) in [
            ("http://127.0.0.1:7878", "127.0.0.1:7878"),
            ("http://localhost:80/", "localhost:80"),
            ("http://[::1]:7878", "[::1]:7878"),
        ] {
            let source = Source::Server { authority: authority.to_owned(), token: None };
            assert_eq!(Source::server(url, None), Ok(source), "{url}");
        }
        for url in [
            "",
            "127.0.0.1:7878",
            "https://a:1",
            "http://",
            "http://a",
            "http://:1",
            "http://a:99999",
            "http://a:1/x",
            "http://b@a:1",
            "http://a:1\r\nX:1",
        ] {
            assert!(Source::server(url, None).is_err(), "{url}");
        }
        assert!(Source::server("http://a:1", Some("a\r\nb".into())).is_err(), "no fields by a token");
    }

    #[test]
    fn where_nobody_listens_it_is_gone() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        drop(listener);
        let source = Source::Server { authority, token: None };
        let limit = Duration::from_secs(5);
        assert!(matches!(source.get("/", limit), Err(SourceError::Gone(_))));
        #[cfg(unix)]
        {
            let socket = std::env::temp_dir().join("there-is-no-such.sock");
            let source = Source::Process { name: "1".to_owned(), socket };
            assert!(matches!(source.get("/", limit), Err(SourceError::Gone(_))));
            assert_eq!(source.name(), "pid 1");
        }
    }
}
