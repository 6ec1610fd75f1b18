//! One channel: its readers, and who waits.

use ratatui_core::text::{Line, Span};

use super::{
    figure::{count, rate, span},
    grid::{Column, Grid, text_width},
    palette::Palette,
    row::Row,
    served::Handle,
};

const READERS: [Column; 10] = [
    Column::words("  READER", 10, 0),
    Column::words("KIND", usize::MAX, 4),
    Column::number("LEFT", 0),
    Column::number("IN HAND", 2),
    Column::number("TAKEN/S", 3),
    Column::number("LAG", 5),
    Column::number("MEMBERS", 7),
    Column::words("LAST TASK", 8, 6),
    Column::words("DOING", 10, 1),
    Column::path("MADE AT", 8),
];

const WAITS: [Column; 4] = [
    Column::words("  BLOCKED", 12, 0),
    Column::words("TASK", 8, 2),
    Column::number("SINCE", 1),
    Column::path("AT", 3),
];

/// The line above: its name, what it is, where it was opened.
pub(super) fn title(row: &Row, width: usize, palette: Palette) -> Line<'static> {
    let kind = if row.is_lossy { "broadcast" } else { "channel" };
    let text = format!("─ {} ─ {kind} ─ {} ", row.name, row.location);
    let rest = "─".repeat(width.saturating_sub(text_width(&text)));
    Line::styled(text + &rest, palette.head())
}

/// Its readers and who waits, in so many lines at most; of what does not fit, how much it is.
pub(super) fn below(row: &Row, width: usize, height: usize, palette: Palette) -> Vec<Line<'static>> {
    let (readers, waits) = (readers(row, width, palette), waits(row, width, palette));
    // Each has at least half of it, if it needs that.
    let for_waits = waits.len().min((height / 2).max(height.saturating_sub(readers.len())));
    let mut lines = shortened(readers, height - for_waits);
    lines.extend(shortened(waits, for_waits));
    lines
}

fn shortened(mut lines: Vec<Line<'static>>, height: usize) -> Vec<Line<'static>> {
    if lines.len() > height {
        let more = lines.len() + 1 - height;
        lines.truncate(height.saturating_sub(1));
        if height > 0 {
            lines.push(Line::raw(format!("  … {more} more, ⏎ shows all")));
        }
    }
    lines
}

/// All that is known of it.
pub(super) fn whole(row: &Row, handles: &[Handle], width: usize, palette: Palette) -> Vec<Line<'static>> {
    let mut lines = super::table::table(&[row], width, palette).with_head();
    lines.push(Line::default());
    let mut text = String::from(" ");
    for (name, value) in &row.facts {
        let fact = format!(" {name} {value} ");
        if text_width(&text) + text_width(&fact) > width {
            lines.push(Line::raw(std::mem::replace(&mut text, " ".to_owned())));
        }
        text += &fact;
    }
    lines.extend([Line::raw(text), Line::default()]);
    lines.extend(readers(row, width, palette));
    lines.push(Line::default());
    lines.extend(waits(row, width, palette));
    lines.push(Line::default());
    let own = handles.iter().filter(|handle| super::figure::clean(&handle.channel) == row.name);
    lines.extend(super::pages::handles(own, width, palette));
    lines
}

fn readers(row: &Row, width: usize, palette: Palette) -> Vec<Line<'static>> {
    if row.readers.is_empty() {
        return vec![Line::raw("  nobody reads")];
    }
    let rows = row.readers.iter().map(|reader| {
        [
            format!("  {}", reader.name),
            reader.kind(),
            count(reader.left),
            if reader.in_hand > 0 { count(reader.in_hand) } else { "-".to_owned() },
            rate(reader.taken_per_s),
            reader.lag.clone(),
            count(reader.members),
            reader.last_task.clone(),
            reader.doing.clone(),
            reader.at.clone(),
        ]
        .map(Span::raw)
        .to_vec()
    });
    let rows: Vec<_> = rows.collect();
    Grid::new(&READERS, &rows, width, palette.head()).with_head()
}

fn waits(row: &Row, width: usize, palette: Palette) -> Vec<Line<'static>> {
    if row.waits.is_empty() {
        return vec![Line::raw("  nobody is blocked")];
    }
    let rows = row.waits.iter().map(|wait| {
        let times = if wait.count > 1 { format!(" ×{}", wait.count) } else { String::new() };
        [format!("  {}{times}", wait.what), wait.who.clone(), span(wait.since), wait.at.clone()]
            .map(Span::raw)
            .to_vec()
    });
    let rows: Vec<_> = rows.collect();
    Grid::new(&WAITS, &rows, width, palette.head()).with_head()
}
