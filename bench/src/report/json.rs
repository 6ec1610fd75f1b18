//! `--json`: one array of objects.

use std::io::{self, Write as _};

use serde::Serialize;

use super::{before, goals::Judged};
use crate::measure::Row;

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

/// The rows; after them the goal against an older revision, if there are rows of one.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn print_rows(rows: &[Row]) -> anyhow::Result<()> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Object<'a> {
        Row(&'a Row),
        Goal(Judged),
    }
    let goal = before::judge(rows).map(Object::Goal);
    let objects: Vec<Object<'_>> = rows.iter().map(Object::Row).chain(goal).collect();
    print(&objects)
}
