use std::{io::IsTerminal as _, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

/// The line on a terminal that shows how much of a known number is done; silent where standard error is no terminal.
#[derive(Debug, Clone)]
pub struct Count(ProgressBar);

impl Count {
    /// For standard error, if that is a terminal.
    pub fn on_terminal(of: u64) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(of);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise} {pos} of {len}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Something is done, and nobody knows how much it is.
    pub fn unknown(what: &'static str) -> Self {
        let count = Self::on_terminal(0);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}") {
            count.0.set_style(style);
        }
        count.0.set_message(what);
        count
    }

    /// So much is done.
    pub fn set(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
