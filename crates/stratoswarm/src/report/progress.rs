use std::{fmt::Write as _, io::IsTerminal as _, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

/// The line on a terminal that shows how far the run is; silent where standard error is no terminal.
#[derive(Debug, Clone)]
pub struct Progress {
    bar: ProgressBar,
    best: Option<i64>,
    agents: u32,
    load: Option<f64>,
}

impl Progress {
    /// For standard error, if that is a terminal.
    pub fn on_terminal() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::silent();
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, best: None, agents: 0, load: None }
    }

    /// Shows nothing.
    pub fn silent() -> Self {
        Self { bar: ProgressBar::hidden(), best: None, agents: 0, load: None }
    }

    /// One agent more.
    pub fn agent(&mut self) {
        self.agents += 1;
        self.show();
    }

    /// A tour of this length was found; shown if it is the shortest yet.
    pub fn length(&mut self, length: i64) {
        if self.best.is_none_or(|best| length < best) {
            self.best = Some(length);
            self.show();
        }
    }

    /// How busy the device is, 0 to 1.
    pub fn load(&mut self, load: f64) {
        self.load = Some(load);
        self.show();
    }

    /// A line of its own above the progress.
    pub fn note(&self, text: &str) {
        self.bar.println(text);
    }

    /// Takes the line away while `write` writes to standard error; returns what it returns.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// The shortest length told so far.
    pub fn best(&self) -> Option<i64> {
        self.best
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self) {
        let mut text = format!("{} agents", self.agents);
        // Writing to a String cannot fail.
        if let Some(best) = self.best {
            let _ = write!(text, ", best {best}");
        }
        if let Some(load) = self.load {
            let _ = write!(text, ", device {:.0} % busy", load * 100.0);
        }
        self.bar.set_message(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shortest_length_is_kept() {
        let mut progress = Progress::silent();
        for length in [9, 7, 8] {
            progress.length(length);
        }
        assert_eq!(progress.best(), Some(7));
    }
}
