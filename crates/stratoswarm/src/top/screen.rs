//! Draws what is shown.

use std::time::Duration;

use ratatui_core::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{
    detail,
    figure::{span, whole},
    grid::{cut, text_width},
    order::Order,
    page::Page,
    pages,
    palette::Palette,
    picture::Picture,
    state::State,
    table,
    trouble::Trouble,
};

/// From how many rows on there is room for the selected channel's readers.
const ROOMY: usize = 12;

/// Draws all of `buffer` at the time `now`, that of [`State::take`].
pub(super) fn draw(state: &State, now: Duration, palette: Palette, buffer: &mut Buffer) {
    let area = buffer.area;
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let mut lines = Vec::new();
    if height >= 4 {
        lines.push(title(state, width, palette));
    }
    if height >= 3 {
        lines.push(verdict(state, now, width, palette));
    }
    let has_keys = height >= 5;
    let room = height.saturating_sub(lines.len() + usize::from(has_keys));
    if state.page == Page::Channels {
        lines.extend(channels(state, width, room, palette));
    } else {
        let page = pages::lines(state, width, palette);
        let from = state.scroll.min(page.len().saturating_sub(room));
        lines.extend(page.into_iter().skip(from).take(room));
    }
    if has_keys {
        lines.resize(height - 1, Line::default());
        lines.push(keys(state, width, palette));
    }
    for (at, line) in (0..area.height).zip(&lines) {
        put(buffer, Rect { y: area.y + at, height: 1, ..area }, line);
    }
}

fn put(buffer: &mut Buffer, at: Rect, line: &Line<'_>) {
    buffer.set_line(at.x, at.y, line, at.width);
    // A style of the whole line also is that of its empty end.
    buffer.set_style(at, line.style);
}

/// What is looked at, and how.
pub(super) fn title(state: &State, width: usize, palette: Palette) -> Line<'static> {
    let Some(picture) = &state.picture else { return Line::styled("stratoswarm top", palette.head()) };
    let mut parts = Vec::new();
    if state.is_paused {
        parts.push("PAUSED".to_owned());
    }
    if state.order != Order::default() {
        parts.push(format!("by {}", state.order.name()));
    }
    if !state.filter.is_empty() {
        parts.push(format!("/{}", state.filter));
    }
    parts.push(about(picture));
    let (begin, parts) = ("stratoswarm top", parts.join("   "));
    // What the screen is like without it comes where there is room.
    let end = format!("every {}   p pause  ? help", whole(state.interval));
    let fits = [begin, &parts, &end].map(text_width).iter().sum::<usize>() + 6 <= width;
    ends(begin, &parts, if fits { &end } else { "" }, width, palette.head())
}

/// Which swarm it is, and its size.
pub(super) fn about(picture: &Picture) -> String {
    let Picture { program, pid, rows, tasks, uptime, .. } = picture;
    let several =
        |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let uptime = whole(Duration::from_secs(uptime.as_secs()));
    format!(
        "{program} pid {pid}   {}   {}   up {uptime}",
        several(rows.len(), "channel"),
        several(*tasks, "task")
    )
}

/// What does not move, or that nobody answers.
fn verdict(state: &State, now: Duration, width: usize, palette: Palette) -> Line<'static> {
    if let Some(why) = state.silence(now) {
        return Line::styled(cut(&why, width, false).into_owned(), palette.trouble(Trouble::Stuck));
    }
    let Some(picture) = &state.picture else { return Line::raw("waits for the first answer …") };
    let held = held(picture);
    let Some((trouble, first)) = picture.verdicts.first() else {
        return match held {
            Some(held) => Line::styled(held, palette.trouble(Trouble::Slow)),
            None => Line::styled("nothing is stuck", palette.well()),
        };
    };
    let first = &held.map_or_else(|| first.clone(), |held| format!("{first}  {held}"));
    let others = picture.verdicts.len() - 1;
    let more = if others > 0 { format!("+{others}  e explains") } else { "e explains".to_owned() };
    let style = palette.trouble(*trouble);
    ends("", first, &more, width, style)
}

/// That the figures are old, if they are.
pub(super) fn held(picture: &Picture) -> Option<String> {
    let waiting = span(picture.waiting?);
    Some(format!("the figures are older: a look waits for a lock, {waiting}"))
}

/// A line with something in the middle, which is cut, and something at its end, where there is room for both.
fn ends(begin: &str, middle: &str, end: &str, width: usize, style: Style) -> Line<'static> {
    let gap = if begin.is_empty() { "" } else { "   " };
    let begin = format!("{begin}{gap}");
    let (before, after) = (text_width(&begin), text_width(end));
    // A narrow line needs its middle more.
    let has_end = width > 2 * (before.min(15) + after) && after > 0;
    let room = width.saturating_sub(before + if has_end { after + 1 } else { 0 });
    let middle = cut(middle, room, false).into_owned();
    let pad = if has_end { " ".repeat(room + 1 - text_width(&middle)) } else { String::new() };
    let end = if has_end { end.to_owned() } else { String::new() };
    Line::from(vec![Span::styled(begin, style), Span::styled(middle, style), Span::raw(pad), Span::raw(end)])
}

fn channels(state: &State, width: usize, room: usize, palette: Palette) -> Vec<Line<'static>> {
    let rows = state.rows();
    let Some(picture) = &state.picture else { return Vec::new() };
    if rows.is_empty() {
        let why =
            if picture.rows.is_empty() { "there are no channels" } else { "no channel's name has that" };
        return vec![Line::raw(format!("  {why}"))];
    }
    let selected = state.selected(&rows);
    let table = table::table(&rows, width, palette);
    let below = if room >= ROOMY { room.saturating_sub(2 + rows.len()).max(room / 2 - 1) } else { 0 };
    let for_rows = room.saturating_sub(1 + below + usize::from(below > 0)).min(rows.len());
    // The selected one is in the middle, where there are more above and below.
    let from = selected.saturating_sub(for_rows / 2).min(rows.len() - for_rows);
    let mut lines = Vec::new();
    if room > 1 {
        lines.push(table.head);
    }
    let shown = table.rows.into_iter().enumerate().skip(from).take(for_rows.max(1));
    lines.extend(shown.map(|(at, line)| if at == selected { line.style(Palette::selected()) } else { line }));
    if below > 0 {
        lines.push(detail::title(rows[selected], width, palette));
        lines.extend(detail::below(rows[selected], width, below, palette));
    }
    lines
}

fn keys(state: &State, width: usize, palette: Palette) -> Line<'static> {
    const KEYS: [&str; 3] = [
        "↑↓ move  ⏎ drill  s sort  / filter  e explain  r requests  h handles  t tap  p pause  d dot  ? help  q quit",
        "↑↓ ⏎ drill  s sort  / filter  e explain  r requests  h handles  ? help  q quit",
        "↑↓ ⏎ s / e r h t p d ? q",
    ];
    if state.is_typing {
        return Line::styled(format!("filter: {}▏  ⏎ keeps, Esc drops it", state.filter), palette.head());
    }
    if let Some(told) = &state.told {
        return Line::styled(cut(told, width, false).into_owned(), palette.head());
    }
    let keys = if state.page == Page::Channels {
        KEYS.into_iter().find(|keys| text_width(keys) <= width).unwrap_or(KEYS[2])
    } else {
        "Esc back  ↑↓ move  ? help  q quit"
    };
    Line::raw(keys)
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
