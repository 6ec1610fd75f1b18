//! The terminal: taken and given back, with the threads that listen to it.

use std::{
    io::{self, IsTerminal as _, Stdout, Write as _},
    panic,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use ratatui_core::terminal::Terminal;
use ratatui_crossterm::{
    CrosstermBackend,
    crossterm::{
        cursor::Show,
        event::{Event, KeyEventKind, read},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size},
    },
};

use super::{
    effect::Effect, feed::Feed, input::Input, listener::listen, palette::Palette, passing::Passing,
    screen::draw, source::Source, state::State,
};

/// How often the time since the last answer is shown anew.
const TICK: Duration = Duration::from_millis(500);

/// Why the screen was left.
#[derive(Debug)]
pub(super) enum ScreenEnd {
    /// The user has left.
    Left,
    /// The swarm, as it is called here, has ended.
    Gone(String),
    /// It was never there: why.
    Absent(String),
}

/// Whether standard input and output are a terminal.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// How many columns standard output has, if it is a terminal.
pub(super) fn columns() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    size().ok().map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0)
}

/// Shows a swarm until the user leaves or it ends.
///
/// # Errors
/// The terminal cannot be read or written, or there can be no threads.
pub(super) fn show(source: &Source, interval: Duration) -> io::Result<ScreenEnd> {
    let (inputs, came) = mpsc::channel();
    let mut state = State::new(interval, size()?);
    let feed = Feed::start(source.clone(), interval, inputs.clone())?;
    listen_to_signals(&inputs);
    let mut taken = Taken::new()?;
    let (told, mut passing) = (inputs.clone(), None::<Passing>);
    listen("keys", inputs, read_keys)?;
    let (palette, started) = (Palette::from_environment(), Instant::now());
    loop {
        taken.0.draw(|frame| draw(&state, started.elapsed(), palette, frame.buffer_mut()))?;
        let first = match came.recv_timeout(TICK) {
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other("nobody listens to it any more"));
            }
            Ok(input) => input,
        };
        // What has come meanwhile is drawn once.
        for input in std::iter::once(first).chain(came.try_iter()) {
            match state.take(input, started.elapsed()) {
                None => {}
                Some(Effect::Leave) => return Ok(ScreenEnd::Left),
                Some(Effect::Gone(why)) => return Ok(gone(&state, why)),
                Some(Effect::Fail(what)) => {
                    return Err(io::Error::other(format!("its {what} cannot be read any more")));
                }
                Some(Effect::Explain) => feed.explain(),
                Some(Effect::Write { name, graph }) => {
                    state.told = Some(match write(&name, &graph) {
                        Ok(()) => format!("written to {name}; `dot -Tsvg {name}` draws it"),
                        Err(error) => format!("{name} cannot be written: {error}"),
                    });
                }
            }
        }
        if passing.as_ref().map(Passing::channel) != state.followed() {
            passing = state.followed().map(|channel| Passing::follow(source, channel, &told));
        }
    }
}

fn gone(state: &State, why: String) -> ScreenEnd {
    match &state.picture {
        Some(picture) => ScreenEnd::Gone(format!("{} (pid {})", picture.program, picture.pid)),
        None => ScreenEnd::Absent(why),
    }
}

/// Whole or not at all, in the working directory.
fn write(name: &str, text: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(".")?;
    file.write_all(text.as_bytes())?;
    file.persist(name)?;
    Ok(())
}

fn read_keys(inputs: &Sender<Input>) {
    while let Ok(event) = read() {
        let input = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => Input::Key(key),
            Event::Resize(columns, rows) => Input::Resize(columns, rows),
            _ => continue,
        };
        if inputs.send(input).is_err() {
            return;
        }
    }
}

/// Whoever ends the program by a signal gets the terminal back as it was. Where signals cannot be listened to, they end it at once.
#[cfg(unix)]
fn listen_to_signals(inputs: &Sender<Input>) {
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
    };

    let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) else { return };
    let inputs = inputs.clone();
    let hear = move || {
        for _ in signals.forever() {
            if inputs.send(Input::Leave).is_err() {
                return;
            }
        }
    };
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(hear);
}

#[cfg(not(unix))]
fn listen_to_signals(_: &Sender<Input>) {}

/// The terminal while it shows the swarm; dropped, it is as it was before.
struct Taken(Terminal<CrosstermBackend<Stdout>>);

impl Taken {
    fn new() -> io::Result<Self> {
        let before = panic::take_hook();
        // Also where another thread panics; what the hook prints can then be read.
        panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
        enable_raw_mode()?;
        IS_TAKEN.store(true, Ordering::SeqCst);
        let mut out = io::stdout();
        let terminal =
            execute!(out, EnterAlternateScreen).and_then(|()| Terminal::new(CrosstermBackend::new(out)));
        terminal.map(Self).inspect_err(|_| give_back())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}

/// Whether the terminal is taken: given back twice, what was written meanwhile would be written over.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

fn give_back() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Where that fails there is no terminal any more.
    let _ = disable_raw_mode();
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
}
