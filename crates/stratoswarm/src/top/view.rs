use std::{
    io::{self, Write as _},
    sync::mpsc,
    time::Duration,
};

use crate::process_name::is_process;

use super::{
    ViewError,
    feed::Feed,
    place::{self, Found},
    plain::{self, Form, PlainEnd, PlainError},
    source::Source,
    terminal::{self, ScreenEnd},
};

/// How wide text is that does not go to a terminal.
const WIDTH: usize = 100;
/// For so long is waited for what can be printed: twice as long as for an answer, as connecting has no end of its own.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often figures are asked for where nothing else is stated.
const INTERVAL: Duration = Duration::from_secs(1);

/// A look at a swarm in another process.
#[derive(Debug, Clone)]
pub struct View {
    source: Source,
    /// It did not answer when it was found.
    is_silent: bool,
}

impl View {
    /// At a process of this machine and this user, by its number, or as `4711-2` where it has several fabrics to look at; at the only
    /// one there is, if none is stated.
    ///
    /// # Errors
    /// That is no name of a process, there is none that listens, or more than one to choose from.
    pub fn of_process(process: Option<&str>) -> Result<Self, ViewError> {
        let is_name = process.is_none_or(is_process);
        let found =
            if is_name { place::find(process) } else { Err("accepted: the number of a process".to_owned()) };
        let Found { source, is_silent } = found.map_err(ViewError::Refused)?;
        Ok(Self { source, is_silent })
    }

    /// At a server, `http://HOST:PORT`, with the token that it may want.
    ///
    /// # Errors
    /// The URL or the token is not acceptable.
    pub fn of_server(url: &str, token: Option<String>) -> Result<Self, ViewError> {
        let refused =
            |accepted| ViewError::Refused(format!("--url \"{}\": {accepted}", super::figure::clean(url)));
        let source = Source::server(url, token).map_err(refused)?;
        Ok(Self { source, is_silent: false })
    }

    /// Shows it on the terminal until the user leaves or it ends, with figures that are asked for every `interval`, or every second.
    /// The terminal is given back in any case, after a panic and a signal, too.
    ///
    /// # Errors
    /// Standard input and output are no terminal, nobody listens, or the terminal is lost.
    pub fn show(&self, interval: Option<Duration>) -> Result<(), ViewError> {
        if !terminal::is_there() {
            let why =
                "standard input and output are no terminal; accepted: --once or --json, which need none";
            return Err(ViewError::Refused(why.to_owned()));
        }
        let end = terminal::show(&self.source, interval.unwrap_or(INTERVAL));
        match end.map_err(|error| ViewError::Failed(format!("the terminal: {error}")))? {
            ScreenEnd::Left => {}
            ScreenEnd::Gone(what) => say(&format!("{what} has ended")),
            ScreenEnd::Absent(why) => return Err(self.absent(&why)),
        }
        Ok(())
    }

    /// Prints one picture to standard output, of as many columns as that has, or 100; as the JSON that was served in one line, if
    /// `is_json`. With an `interval` it prints one each time until the swarm ends.
    ///
    /// # Errors
    /// Nobody listens, there is no answer, or it cannot be written.
    pub fn print(&self, is_json: bool, interval: Option<Duration>) -> Result<(), ViewError> {
        let failed = |why: &dyn std::fmt::Display| ViewError::Failed(why.to_string());
        if self.is_silent && interval.is_none() {
            let why = format!("{}: no answer within {:?}", self.source.name(), place::PATIENCE);
            return Err(ViewError::Failed(why)); // it was asked just now, and for long enough
        }
        let form = if is_json { Form::Json } else { Form::Text(terminal::columns().unwrap_or(WIDTH)) };
        let (inputs, came) = mpsc::channel();
        let _feed = Feed::start(self.source.clone(), interval.unwrap_or(INTERVAL), inputs)
            .map_err(|error| failed(&error))?;
        let name = self.source.name();
        let complain = |why: &str| say(&format!("{name}: {why}"));
        match plain::print(&came, form, interval.is_some(), PATIENCE, &mut io::stdout().lock(), complain) {
            Ok(PlainEnd::Done) => Ok(()),
            Ok(PlainEnd::Gone(0)) => Err(self.absent("nobody listens there")),
            Ok(PlainEnd::Gone(_)) => {
                say(&format!("{name} has ended"));
                Ok(())
            }
            Err(PlainError::Fault(why)) => Err(failed(&format!("{name}: {why}"))),
            Err(error) => Err(failed(&error)),
        }
    }

    fn absent(&self, why: &str) -> ViewError {
        ViewError::Refused(format!(
            "{}: {why}; accepted: one that runs and serves its figures",
            self.source.name()
        ))
    }
}

/// One line on standard error, where it can be written at all: standard output is for pictures alone.
fn say(what: &str) {
    let _ = writeln!(io::stderr(), "stratoswarm: {what}");
}
