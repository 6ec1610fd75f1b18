use std::{
    env,
    ffi::OsStr,
    fmt::Display,
    io::{self, Write},
    path::Path,
};

use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use super::{Failure, failure::shown};
use crate::report::Progress;

/// The events that go to standard error, one a line.
#[derive(Debug)]
pub(super) struct Logging {
    targets: Option<Targets>,
}

impl Logging {
    /// Those that the environment variable `RUST_LOG` asks for; none if it is not set.
    ///
    /// # Errors
    /// Its value cannot be read: one line that says what is wrong and what is accepted.
    pub(super) fn from_environment() -> Result<Self, Failure> {
        let targets = env::var_os("RUST_LOG").map(|value| targets(&value)).transpose()?;
        Ok(Self { targets: targets.flatten() })
    }

    /// Logs from now on, above the line of `progress`.
    pub(super) fn start(self, progress: &Progress) {
        let Some(targets) = self.targets else { return };
        let progress = progress.clone();
        // Errors of writing would be printed to standard error, which is where they come from, and panic there.
        let lines = fmt::layer().log_internal_errors(false).with_writer(move || Above(progress.clone()));
        // In a process that has a subscriber already, that one stays.
        let _ = tracing_subscriber::registry().with(targets).with(lines).try_init();
    }
}

/// Reads the value of `RUST_LOG`; an empty one asks for nothing.
fn targets(value: &OsStr) -> Result<Option<Targets>, Failure> {
    let refused = |why: &dyn Display| {
        let value = shown(Path::new(value));
        Failure::Refused(format!(
            "RUST_LOG \"{value}\": {why}; accepted: LEVEL, TARGET or TARGET=LEVEL, several of them separated by commas"
        ))
    };
    let text = value.to_str().ok_or_else(|| refused(&"not UTF-8"))?;
    // The parser takes a space for a part of the name, and nothing for a level of its own.
    let parts: Vec<_> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    parts.join(",").parse().map(Some).map_err(|error| refused(&error))
}

/// Writes to standard error above the line that shows the progress.
struct Above(Progress);

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    #[test]
    fn levels_and_targets_are_read() {
        let enabled = |value: &str, target, level: LevelFilter| {
            let level = level.into_level().unwrap();
            targets(value.as_ref()).unwrap().is_some_and(|targets| targets.would_enable(target, &level))
        };
        for value in ["debug", "a=debug", "warn,a=debug", " warn , a=debug ,", "a"] {
            assert!(enabled(value, "a::b", LevelFilter::DEBUG), "{value}");
        }
        for value in ["", " ,", "off", "warn", "b=trace"] {
            assert!(!enabled(value, "a::b", LevelFilter::DEBUG), "{value}");
        }
        assert!(enabled(" warn , a=debug ,", "b", LevelFilter::WARN));
    }

    #[test]
    fn what_cannot_be_read_is_refused_on_one_line() {
        for value in ["a=loud", "a=b=c", "a[{b]=info", "a=b\u{1b}"] {
            let text = targets(value.as_ref()).unwrap_err().to_string();
            assert!(text.starts_with("RUST_LOG \"a") && text.contains("; accepted: LEVEL"), "{text}");
            assert!(!text.chars().any(char::is_control), "{text}");
        }
    }
}
