use std::io::{self, Write as _};

use stratoswarm_console::{Console, StartError};
use stratoswarm_core::Fabric;

use super::Failure;

/// Where the channels can be looked at from outside.
// The documentation is what --help prints.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ListenOptions {
    /// Show the channels to a browser at this address, such as 127.0.0.1:7878
    ///
    /// Addresses that other machines can reach need a --token.
    #[arg(long, value_name = "IP:PORT")]
    pub listen: Option<String>,

    /// What whoever looks has to know; the page takes it from its address, behind #token=
    #[arg(long, value_name = "TOKEN", requires = "listen")]
    pub token: Option<String>,
}

impl ListenOptions {
    /// Answers whoever looks, while what this gives exists: at a socket, where there can be one, and at the address that was asked
    /// for, which a line on standard error tells.
    pub(super) fn start(&self, fabric: &Fabric) -> Result<Option<Console>, Failure> {
        let Some(address) = &self.listen else {
            return Ok(Console::of(fabric).start().ok()); // nobody has asked for it
        };
        let console = || {
            let console = Console::of(fabric).listen(address);
            self.token.iter().fold(console, |console, token| console.token(token))
        };
        let started = match console().start() {
            Err(StartError::Socket { .. }) => console().without_socket().start(),
            started => started,
        };
        let console = started.map_err(|error| Failure::Refused(format!("--listen: {error}")))?;
        let token = self.token.as_ref().map_or_else(String::new, |token| format!("#token={token}"));
        let url = console.url().unwrap_or_default();
        let told = format!("stratoswarm: the channels are shown at {url}{token}\n"); // in one piece
        let _ = io::stderr().write_all(told.as_bytes());
        Ok(Some(console))
    }
}
