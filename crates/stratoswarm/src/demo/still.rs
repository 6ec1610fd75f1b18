use std::{fmt, thread, time::Duration};

use super::{DemoError, Pulse, Scene, play::play};

/// All that can be seen of a program on tokio's channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Still {
    /// For how long nothing has moved.
    pub still: Duration,
    /// For how long it was watched.
    pub watched: Duration,
    /// How many messages came through.
    pub moved: u64,
    /// How often a watchdog would have barked that allows a second without a message.
    pub barks: u64,
    /// What the channels tell of themselves.
    pub tells: Vec<String>,
}

/// Plays the twin of a demonstration for so long.
///
/// # Errors
/// It cannot be played.
pub fn watch_twin(scene: Scene, watched: Duration) -> Result<Still, DemoError> {
    let pulse = Pulse::new();
    let beats = pulse.clone();
    let _playing = play(move || scene.twin(beats))?;
    thread::sleep(watched);
    let (still, moved, barks, tells) = pulse.read();
    Ok(Still { still, watched, moved, barks, tells })
}

impl fmt::Display for Still {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { still, watched, moved, barks, tells } = self;
        let (still, watched) = (still.as_secs_f64(), watched.as_secs_f64());
        writeln!(f, "Nothing has moved for {still:.1} s; messages before that, in {watched:.1} s: {moved}.")?;
        for told in tells {
            writeln!(f, "  {told}")?;
        }
        writeln!(
            f,
            "Times that a watchdog would have barked after 1 s without a message, right or wrong: {barks}."
        )?;
        write!(
            f,
            "tokio's channels cannot say more: not who waits for whom, since when, and at which line, nor whether that is as \
             it should be."
        )
    }
}
