//! `recording cat --follow`.

use std::{
    io::{self, BufWriter},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use stratoswarm_record::Follow;

use super::{
    Failure, RecordingPart,
    recording::{check_names, flush, is_from, line, not_opened, tell_of, times, unread, write_line},
};

/// How often it is looked whether something has come.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Prints what is there, and then what comes, until there is an end.
pub(super) fn follow(
    files: &[PathBuf],
    part: &RecordingPart,
    senders: &[String],
    json: bool,
) -> Result<(), Failure> {
    let (from, to) = times(part)?;
    let [file] = files else {
        let why = "--follow takes one recording; accepted: its file, or the name that its parts are made of";
        return Err(Failure::Refused(why.to_owned()));
    };
    let mut follow = Follow::open(file).map_err(|error| not_opened(&error))?;
    check_names(follow.channels(), &part.channel)?;
    let (stopped, mut damaged) = (stopped(), 0);
    let mut out = BufWriter::new(io::stdout().lock());
    while !stopped.load(Ordering::Relaxed) {
        let found = match follow.try_next().map_err(unread)? {
            Some(record) if record.at() >= to => break,
            Some(record) => {
                let is_asked_for = part.channel.is_empty() || part.channel.contains(&record.channel().name);
                let is_asked_for = is_asked_for && is_from(&record, senders);
                let line = (is_asked_for && record.at() >= from).then(|| line(&record, json)).transpose()?;
                if let Some(line) = line
                    && !write_line(&mut out, &line)?
                {
                    return Ok(());
                }
                true
            }
            None => false,
        };
        if !found {
            if !flush(&mut out)? {
                return Ok(());
            }
            tell_of(&follow.damage()[damaged..]);
            damaged = follow.damage().len();
            if follow.is_over() {
                break;
            }
            thread::sleep(LOOK_EVERY);
        }
    }
    flush(&mut out).map(drop)
}

/// Is set at the first Ctrl-C or SIGTERM; the second ends the process.
fn stopped() -> Arc<AtomicBool> {
    let stopped = Arc::<AtomicBool>::default();
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // Where it cannot be listened to, the process dies of it, as without this.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stopped));
        let _ = signal_hook::flag::register(signal, Arc::clone(&stopped));
    }
    stopped
}
