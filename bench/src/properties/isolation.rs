//! Each check in a process of its own: a contender that corrupts memory when a future is dropped, or spins for ever,
//! then fails its check and nothing else.

use std::{
    env,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use super::Finding;

/// A check that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs one check in a child.
///
/// # Errors
/// The child cannot be started.
pub(super) fn run(check: &str) -> anyhow::Result<Finding> {
    let mut child = Command::new(env::current_exe()?)
        .arg(format!("--check={check}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start the check {check}"))?;
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        if start.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(Finding::new(false, "never ends"));
        }
        thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Ok(Finding::new(false, format!("breaks the process ({})", output.status)));
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("the check {check} says nothing"))
}
