//! What is shown besides the table of channels: pages of lines, which can be longer than the terminal.

use ratatui_core::text::{Line, Span};

use super::{
    detail,
    figure::{clean, count},
    grid::{Column, Grid, wrapped},
    page::Page,
    palette::Palette,
    row::Row,
    served::Handle,
    state::State,
};

const REQUESTS: [Column; 8] = [
    Column::words("  CHANNEL", 10, 0),
    Column::number("ASKED", 3),
    Column::number("ANSWERED", 4),
    Column::number("OPEN", 0),
    Column::number("EXPIRED", 1),
    Column::number("ABANDONED", 5),
    Column::number("UNANSWERED", 6),
    Column::number("NO GROUP", 2),
];

const HANDLES: [Column; 5] = [
    Column::words("  CHANNEL", 10, 0),
    Column::words("HANDLE", usize::MAX, 0),
    Column::number("COUNT", 2),
    Column::words("NAME", 8, 3),
    Column::path("MADE AT", 1),
];

const HELP: [&str; 24] = [
    "↑ ↓ j k     move; PgUp PgDn Home End g G: by pages, to the ends",
    "Enter       all of the selected channel, and back",
    "s           sort by trouble, name, depth, rate, lag, blocked",
    "/           show only channels that have this in their names; Enter keeps it",
    "e           look afresh at what does not move, and why",
    "r           what became of the requests",
    "h           the handles there are, and where they were made",
    "p           pause: the picture stays as it is",
    "t           what passes through the selected channel, the newest first; p pauses it",
    "d           write a graph, for Graphviz, into the working directory",
    "?           this",
    "Esc         back; from the table, out, and so do q and Ctrl-C",
    "",
    "!           a verdict tells that it does not move",
    "?           a verdict tells that it is slow",
    "~           a broadcast, whose senders wait for no reader",
    "DEPTH       messages that wait, of so many; the bar: of its fullest lane",
    "RATE/S      messages accepted a second",
    "LAG         how far its slowest reader is behind, to a tenth of a second",
    "WAIT p99    99 of 100 messages wait less, where that is measured",
    "BLOCKED     senders that wait for room, and for how long the first has",
    "HELD UP BY  the reader that has most left to it, and what it does",
    "elsewhere   it waits for nothing here, and has nothing of it in hand",
    "-           not known, or none",
];

/// The lines of the page that is open; none of the table of channels.
pub(super) fn lines(state: &State, width: usize, palette: Palette) -> Vec<Line<'static>> {
    match state.page {
        Page::Channels => Vec::new(),
        Page::Channel => channel(state, width, palette),
        Page::Passing => passing(state, width),
        Page::Explain => explain(state, width),
        Page::Requests => requests(&state.rows(), width, palette),
        Page::Handles => {
            let all = state.picture.iter().flat_map(|picture| &picture.handles);
            let wanted = state.filter.to_lowercase();
            handles(all.filter(|handle| handle.channel.to_lowercase().contains(&wanted)), width, palette)
        }
        Page::Help => text(HELP.iter().copied(), width),
    }
}

fn channel(state: &State, width: usize, palette: Palette) -> Vec<Line<'static>> {
    let rows = state.rows();
    match (rows.get(state.selected(&rows)), &state.picture) {
        (Some(row), Some(picture)) => {
            let mut lines = vec![detail::title(row, width, palette)];
            lines.extend(detail::whole(row, &picture.handles, width, palette));
            lines
        }
        _ => vec![Line::raw("  There is no such channel.")],
    }
}

fn passing(state: &State, width: usize) -> Vec<Line<'static>> {
    let Some(channel) = state.followed() else { return vec![Line::raw("  There is no such channel.")] };
    let title = format!("passes through {}", clean(channel));
    if state.passed.is_empty() {
        return text([&*title, "nothing yet …"].into_iter(), width);
    }
    text(std::iter::once(&*title).chain(state.passed.iter().map(String::as_str)), width)
}

fn explain(state: &State, width: usize) -> Vec<Line<'static>> {
    let told = match &state.explained {
        None => "Asked, and not answered yet …".to_owned(),
        Some(Err(why)) => format!("It cannot be told: {why}"),
        Some(Ok(text)) if text.is_empty() => "Nothing is stuck.".to_owned(),
        Some(Ok(text)) => text.clone(),
    };
    text(told.lines(), width)
}

fn text<'a>(lines: impl Iterator<Item = &'a str>, width: usize) -> Vec<Line<'static>> {
    lines.flat_map(|line| wrapped(&format!("  {line}"), width)).map(Line::raw).collect()
}

fn requests(rows: &[&Row], width: usize, palette: Palette) -> Vec<Line<'static>> {
    let asked: Vec<_> = rows.iter().filter(|row| row.requests.asked + row.unserved > 0).collect();
    if asked.is_empty() {
        return vec![Line::raw("  Nobody has asked anything.")];
    }
    let cells = asked.iter().map(|row| {
        let it = row.requests;
        let over = [it.answered, it.expired, it.abandoned, it.unanswered]
            .iter()
            .fold(0, |sum: u64, it| sum.saturating_add(*it));
        let numbers = [
            it.asked,
            it.answered,
            it.asked.saturating_sub(over),
            it.expired,
            it.abandoned,
            it.unanswered,
            row.unserved,
        ];
        let mut cells = vec![Span::raw(format!("{} {}", row.trouble.mark(), row.name))];
        cells.extend(numbers.map(|number| Span::raw(count(number))));
        cells
    });
    let cells: Vec<_> = cells.collect();
    Grid::new(&REQUESTS, &cells, width, palette.head()).with_head()
}

pub(super) fn handles<'a>(
    handles: impl Iterator<Item = &'a Handle>,
    width: usize,
    palette: Palette,
) -> Vec<Line<'static>> {
    let cells = handles.map(|handle| {
        let name = handle.name.as_deref().map_or_else(|| "-".to_owned(), clean);
        let cells = [format!("  {}", clean(&handle.channel)), clean(&handle.kind), count(handle.count), name];
        cells.into_iter().chain([clean(&handle.location)]).map(Span::raw).collect()
    });
    let cells: Vec<Vec<Span<'static>>> = cells.collect();
    if cells.is_empty() {
        return vec![Line::raw("  There are no handles.")];
    }
    Grid::new(&HANDLES, &cells, width, palette.head()).with_head()
}
