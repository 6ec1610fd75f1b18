use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use stratoswarm_core::{Fabric, Verdict};

use super::{DemoError, Ending, Scene, play::play};

/// What is not certain is told once it has lasted so long.
const THRESHOLD: Duration = Duration::from_secs(1);
/// From one look to the next.
const EVERY: Duration = Duration::from_millis(500);

/// What was told of a demonstration.
#[derive(Debug)]
pub struct Explained {
    /// What does not move, or too slowly; nothing, if all is well.
    pub verdicts: Vec<Verdict>,
    /// For how long it was looked at.
    pub watched: Duration,
    ending: Receiver<Ending>,
}

/// Plays a demonstration on the channels of `fabric`, and looks at it until something is found, at most for so long.
///
/// # Errors
/// It cannot be played.
pub fn explain(scene: Scene, fabric: Fabric, limit: Duration) -> Result<Explained, DemoError> {
    let mut explainer = fabric.explainer().threshold(THRESHOLD);
    let started = Instant::now();
    let ending = play(move || scene.ours(fabric))?;
    loop {
        let before = Instant::now();
        match ending.recv_timeout(EVERY.min(limit.saturating_sub(started.elapsed()))) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Err(error)) => return Err(error.into()),
            Ok(Ok(_)) | Err(RecvTimeoutError::Disconnected) => return Err(DemoError::Over),
        }
        // Where this thread comes late itself, the machine is at fault: all the others have waited for it, too.
        let is_late = before.elapsed() > 2 * EVERY;
        let verdicts = if is_late { Vec::new() } else { explainer.look() };
        let watched = started.elapsed();
        if !verdicts.is_empty() || watched >= limit {
            return Ok(Explained { verdicts, watched, ending });
        }
    }
}

impl Explained {
    /// What comes of it at the deadline that was told, if that is soon: this waits for it.
    pub fn ending(&self) -> Option<String> {
        let until = self.verdicts.iter().filter_map(|verdict| verdict.until).min()?;
        let soon = Some(until).filter(|until| *until <= 3 * THRESHOLD)?;
        self.ending.recv_timeout(soon + THRESHOLD).ok()?.ok()
    }
}
