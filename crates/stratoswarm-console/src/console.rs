use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
};

use stratoswarm_core::Fabric;
use tokio::sync::oneshot;

use crate::{ConsoleBuilder, StartError};

/// A thread that answers whoever looks from outside; see the [crate](crate). It ends, and its socket goes, when this is dropped.
///
/// It does not keep the fabric: once that is gone, it says so.
#[must_use = "dropped, it answers no more"]
pub struct Console {
    socket: Option<PathBuf>,
    address: Option<SocketAddr>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Console {
    /// Of this fabric; [`start`](ConsoleBuilder::start) starts it.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stratoswarm_console::Console;
    /// use stratoswarm_core::Fabric;
    ///
    /// let fabric = Fabric::new();
    /// let console = Console::of(&fabric).listen("127.0.0.1:0").without_socket().start()?;
    /// println!("{}", console.url().unwrap_or_default());
    /// assert!(Console::of(&fabric).listen("0.0.0.0:0").start().is_err(), "that needs a token");
    /// # Ok(()) }
    /// ```
    pub fn of(fabric: &Fabric) -> ConsoleBuilder {
        ConsoleBuilder::new(fabric)
    }

    pub(crate) fn new(address: Option<SocketAddr>) -> Self {
        Self { socket: None, address, running: None }
    }

    /// Listens at the socket of this process, which goes with this.
    #[cfg(unix)]
    pub(crate) fn open_socket(&mut self) -> Result<std::os::unix::net::UnixListener, StartError> {
        let folder = crate::socket_folder::socket_folder();
        let listening = crate::socket_folder::listen(&folder).and_then(|(listener, path)| {
            self.socket = Some(path);
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        listening.map_err(|source| StartError::Socket { folder, source })
    }

    pub(crate) fn runs(&mut self, stop: oneshot::Sender<()>, thread: JoinHandle<()>) {
        self.running = Some((stop, thread));
    }

    /// The socket that it listens at, if it does.
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// The address that it listens at, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Where the page is for a browser, if it listens at an address.
    pub fn url(&self) -> Option<String> {
        let address = self.address?;
        let is_any = address.ip().is_unspecified();
        Some(if is_any {
            format!("http://localhost:{}/", address.port())
        } else {
            format!("http://{address}/")
        })
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        if let Some(socket) = &self.socket {
            let _ = std::fs::remove_file(socket); // or somebody else has
        }
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            // By a message of the fabric that goes it may be dropped there itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("socket", &self.socket)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
