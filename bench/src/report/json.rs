//! `--json`: one array of objects.

use std::io::{self, Write as _};

use serde::Serialize;

/// Prints as JSON.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn print<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}
