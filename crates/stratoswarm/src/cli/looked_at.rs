//! The channels as they are seen from outside: what shows them, and who looks at those of another process.

use std::io::{self, Write as _};

use stratoswarm_console::{Console, StartError};
use stratoswarm_core::Fabric;

use super::{Failure, ListenOptions, TopOptions};
use crate::top::{View, ViewError};

/// Answers whoever looks, while what this gives exists: at a socket, where there can be one, and at the address that was asked for,
/// which a line on standard error tells.
pub(super) fn start(options: &ListenOptions, fabric: &Fabric) -> Result<Option<Console>, Failure> {
    let Some(address) = &options.listen else {
        return Ok(Console::of(fabric).start().ok()); // nobody has asked for it
    };
    let console = || {
        let console = Console::of(fabric).listen(address);
        options.token.iter().fold(console, |console, token| console.token(token))
    };
    let started = match console().start() {
        Err(StartError::Socket { .. }) => console().without_socket().start(),
        started => started,
    };
    let console = started.map_err(|error| Failure::Refused(format!("--listen: {error}")))?;
    let token = options.token.as_ref().map_or_else(String::new, |token| format!("#token={token}"));
    let url = console.url().unwrap_or_default();
    let told = format!("stratoswarm: the channels are shown at {url}{token}\n"); // in one piece
    let _ = io::stderr().write_all(told.as_bytes());
    Ok(Some(console))
}

/// Looks at a swarm in another process.
pub(super) fn top(options: &TopOptions) -> Result<(), Failure> {
    look(options).map_err(|error| match error {
        ViewError::Refused(why) => Failure::Refused(why),
        ViewError::Failed(why) => Failure::Failed(why),
    })
}

fn look(options: &TopOptions) -> Result<(), ViewError> {
    let TopOptions { pid, url, token, once, json, interval } = options;
    let view = match url {
        Some(url) => View::of_server(url, token.clone())?,
        None => View::of_process(pid.as_deref())?,
    };
    if *once || *json { view.print(*json, *interval) } else { view.show(*interval) }
}
