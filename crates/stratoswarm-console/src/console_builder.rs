use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::mpsc,
    thread,
};

use serde::Serialize;
use stratoswarm_core::{Channel, Fabric, Message};
use tokio::{runtime::Runtime, sync::oneshot};

use crate::{
    Console, StartError,
    look::{Looker, Source},
    server::{Gate, Listeners, Routes, serve},
    tap::Payloads,
};

/// The longest token.
const TOKEN: usize = 256;

/// What a [`Console`] is to be like. Made by [`Console::of`].
#[derive(Debug)]
#[must_use = "nothing is listened at until it is started"]
pub struct ConsoleBuilder {
    source: Source,
    gate: Gate,
    payloads: Payloads,
    address: Option<String>,
    has_socket: bool,
}

impl ConsoleBuilder {
    pub(crate) fn new(fabric: &Fabric) -> Self {
        let program = std::env::current_exe().ok();
        let program = program.as_deref().and_then(|path| path.file_stem()).unwrap_or_default();
        Self {
            source: Source::new(fabric, &program.to_string_lossy()),
            gate: Gate::default(),
            payloads: Payloads::default(),
            address: None,
            has_socket: cfg!(unix),
        }
    }

    /// Listens at this address, too, for browsers: `127.0.0.1:7878`, `[::1]:7878` or `localhost:7878`; at port 0 the system chooses
    /// one. Other addresses need a [`token`](Self::token).
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Whoever asks over TCP has to show this, as `Authorization: Bearer`. The page takes it from the fragment of its address
    /// (`#token=…`), which browsers send to nobody.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.gate.token = Some(token.into());
        self
    }

    /// Answers requests that call the server so, as a proxy may: `swarm.example`, or with a port. Of others a browser could
    /// be made to send them by a page from elsewhere.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.gate.hosts.push(host.into().to_ascii_lowercase());
        self
    }

    /// Listens at no unix socket; then [`listen`](Self::listen) says where.
    pub fn without_socket(mut self) -> Self {
        self.has_socket = false;
        self
    }

    /// Shows this channel's messages themselves to whoever follows it at `/tap/`, as their `Serialize` has them. Of no other channel
    /// contents are shown. They are cloned while somebody follows, the last 100 between two looks and none of more than 16 KiB.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stratoswarm_console::Console;
    /// use stratoswarm_core::{Fabric, Message, NoReply};
    ///
    /// #[derive(Clone, serde::Serialize)]
    /// struct Job { number: u32 }
    /// impl Message for Job { type Reply = NoReply; }
    ///
    /// let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// let console = Console::of(&fabric).show_payloads(&jobs).listen("127.0.0.1:0").without_socket().start()?;
    /// # drop(console);
    /// # Ok(()) }
    /// ```
    pub fn show_payloads<M: Message + Serialize>(mut self, channel: &Channel<M>) -> Self {
        self.payloads.show(channel);
        self
    }

    /// Begins to listen, and to answer by a thread of its own.
    ///
    /// # Errors
    /// An address or a token that is not acceptable, an address or a folder for the socket that cannot be had, or a thread. Then
    /// nothing is listened at.
    pub fn start(self) -> Result<Console, StartError> {
        let Self { source, gate, payloads, address, has_socket } = self;
        let is_token = |token: &String| {
            (1..=TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !gate.token.as_ref().is_none_or(is_token) {
            return Err(StartError::Token);
        }
        let tcp = address.map(|given| bind(given, gate.token.is_some())).transpose()?;
        let mut console = Console::new(tcp.as_ref().and_then(|tcp| tcp.local_addr().ok()));
        #[cfg(unix)]
        let socket = if has_socket { Some(console.open_socket()?) } else { None };
        let (looker, looks) = Looker::new(source);
        let routes = Routes::new(gate, looks, payloads);
        let (stop, stopped) = oneshot::channel::<()>();
        let (began, begins) = mpsc::channel();
        // The runtime is made and ends over there: here may be one in which no other can.
        let run = move || {
            let runtime = match runtime() {
                Ok(runtime) => runtime,
                Err(error) => return drop(began.send(Err(error))),
            };
            runtime.block_on(async {
                let listeners = Listeners::new(
                    tcp,
                    #[cfg(unix)]
                    socket,
                );
                let listeners = match listeners {
                    Ok(listeners) => listeners,
                    Err(error) => return drop(began.send(Err(error))),
                };
                let _ = began.send(Ok(())); // for whoever started it
                tokio::select! {
                    _ = stopped => {}
                    () = async { tokio::join!(looker.run(), serve(listeners, routes)); } => {}
                }
            });
            runtime.shutdown_background(); // a look may hang for as long as what it looks at
        };
        let thread = thread::Builder::new().name("stratoswarm-console".to_owned()).spawn(run);
        console.runs(stop, thread.map_err(StartError::Thread)?);
        let begun = begins.recv().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        begun.map_err(StartError::Thread)?;
        Ok(console)
    }
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().thread_name("stratoswarm-look").build()
}

fn bind(given: String, has_token: bool) -> Result<TcpListener, StartError> {
    let port = given.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    let localhost = port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let Some(address) = localhost.or_else(|| given.parse().ok()) else {
        return Err(StartError::Address { given });
    };
    if !address.ip().is_loopback() && !has_token {
        return Err(StartError::NoToken { address });
    }
    let listening = TcpListener::bind(address).and_then(|tcp| tcp.set_nonblocking(true).map(|()| tcp));
    listening.map_err(|source| StartError::Listen { address, source })
}
