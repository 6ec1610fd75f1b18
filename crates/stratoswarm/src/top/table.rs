//! The table of channels.

use ratatui_core::{style::Style, text::Span};

use super::{
    figure::{count, rate, span},
    grid::{Column, Grid},
    palette::Palette,
    row::Row,
};

const COLUMNS: [Column; 9] = [
    Column::words("  CHANNEL", 10, 0),
    Column::words("DEPTH", usize::MAX, 4),
    Column::number("", 0),
    Column::number("RATE/S", 2),
    Column::number("LAG", 3),
    Column::number("WAIT p99", 6),
    Column::number("BLOCKED", 1),
    Column::words("", usize::MAX, 5), // who holds it up, away from the numbers
    Column::words("HELD UP BY", 10, 5),
];

/// How many cells stand for a full channel.
const BAR: u8 = 10;

pub(super) fn table(rows: &[&Row], width: usize, palette: Palette) -> Grid {
    let cells: Vec<_> = rows.iter().map(|row| cells(row, palette)).collect();
    Grid::new(&COLUMNS, &cells, width, palette.head())
}

fn cells(row: &Row, palette: Palette) -> Vec<Span<'static>> {
    let trouble = palette.trouble(row.trouble);
    let lossy = if row.is_lossy { " ~" } else { "" };
    vec![
        Span::styled(format!("{} {}{lossy}", row.trouble.mark(), row.name), trouble),
        Span::styled(bar(row.fullness), palette.depth(row.fullness, row.is_lossy)),
        Span::raw(format!("{}/{}", count(row.len), count(row.capacity))),
        Span::raw(rate(row.sent_per_s)),
        Span::raw(row.lag.clone()),
        Span::raw(row.wait_p99.map_or_else(|| "-".to_owned(), span)),
        Span::styled(blocked(row), trouble),
        Span::raw(""),
        Span::styled(row.held_up_by.clone(), Style::new()),
    ]
}

fn blocked(row: &Row) -> String {
    match (row.blocked, row.oldest) {
        (0, _) => "-".to_owned(),
        (number, None) => count(number),
        (number, Some(oldest)) => format!("{} {}", count(number), span(oldest)),
    }
}

/// Empty only where nothing waits, full only where there is no room.
fn bar(fullness: f64) -> String {
    #[allow(clippy::cast_sign_loss)] // from 0 to 1
    let cells = match (fullness * f64::from(BAR)).ceil() as u8 {
        _ if fullness >= 1.0 => BAR,
        cells => cells.min(BAR - 1),
    };
    "█".repeat(usize::from(cells)) + &"░".repeat(usize::from(BAR - cells))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_only_where_there_is_no_room() {
        let cells = |fullness| bar(fullness).chars().filter(|it| *it == '█').count();
        assert_eq!([0.0, 0.001, 0.1, 0.11, 0.95, 0.999, 1.0, 2.0].map(cells), [0, 1, 1, 2, 9, 9, 10, 10]);
        assert_eq!([0.0, 0.5, 1.0].map(|fullness| bar(fullness).chars().count()), [10; 3]);
        assert_eq!(cells(f64::NAN), 0);
    }
}
