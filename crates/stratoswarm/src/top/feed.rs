use std::{
    io,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    time::{Duration, Instant},
};

use super::{
    figure::clean,
    input::Input,
    listener::listen,
    picture::{Picture, lines},
    served::Explained,
    source::{Source, SourceError},
};

/// A question that was not answered in this time is given up.
const LIMIT: Duration = Duration::from_secs(5);

/// Asks a swarm by a thread of its own, so that nobody else waits for one that does not answer. Ends with the swarm, or when this is
/// dropped.
#[derive(Debug)]
pub(super) struct Feed {
    explain: Sender<()>,
}

impl Feed {
    /// Asks for the figures every so often; what comes of it goes to `inputs`.
    ///
    /// # Errors
    /// There can be no thread.
    pub(super) fn start(source: Source, interval: Duration, inputs: Sender<Input>) -> io::Result<Self> {
        let (explain, questions) = mpsc::channel();
        listen("feed", inputs, move |inputs| {
            while ask(&source, inputs) && answer(&source, inputs, &questions, Instant::now() + interval) {}
        })?;
        Ok(Self { explain })
    }

    /// Looks afresh at what does not move.
    pub(super) fn explain(&self) {
        // Where the thread has ended, it has said why.
        let _ = self.explain.send(());
    }
}

/// Asks for the figures; whether it is worth while to ask again.
fn ask(source: &Source, inputs: &Sender<Input>) -> bool {
    if inputs.send(Input::Asked).is_err() {
        return false;
    }
    let answer = figures(source);
    let is_there = !matches!(answer, Input::Gone(_));
    inputs.send(answer).is_ok() && is_there
}

/// Answers questions until then; whether there may be more.
fn answer(source: &Source, inputs: &Sender<Input>, questions: &Receiver<()>, until: Instant) -> bool {
    loop {
        match questions.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
            Ok(()) if inputs.send(Input::Explained(explained(source))).is_err() => return false,
            Ok(()) => {}
        }
    }
}

fn figures(source: &Source) -> Input {
    match source.get("/snapshot.json", LIMIT) {
        Ok(json) => match Picture::read(&json) {
            Ok(picture) => Input::Picture(json, picture),
            Err(why) => Input::Fault(why),
        },
        Err(SourceError::Gone(why)) => Input::Gone(why),
        Err(SourceError::Fault(why)) => Input::Fault(why),
    }
}

fn explained(source: &Source) -> Result<String, String> {
    match source.get("/explain.json", LIMIT) {
        Ok(json) => match serde_json::from_slice::<Explained>(&json) {
            Ok(told) => Ok(lines(&told.text)),
            Err(error) => Err(clean(&format!("what is answered is no explanation: {error}"))),
        },
        Err(SourceError::Gone(why) | SourceError::Fault(why)) => Err(why),
    }
}
