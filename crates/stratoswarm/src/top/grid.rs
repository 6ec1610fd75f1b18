use std::borrow::Cow;

use ratatui_core::{
    style::Style,
    text::{Line, Span},
};

/// What is between two columns, where there is room for it.
const GAP: usize = 2;

/// One column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    title: &'static str,
    side: Side,
    /// To what it is narrowed before columns are left out.
    least: usize,
    /// Those of the highest rank are left out first where it is narrow; those of rank 0 never.
    rank: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Words, cut at their end.
    Left,
    /// Numbers.
    Right,
    /// Paths, cut at their beginning.
    Tail,
}

impl Column {
    pub(super) const fn words(title: &'static str, least: usize, rank: u8) -> Self {
        Self { title, side: Side::Left, least, rank }
    }

    pub(super) const fn number(title: &'static str, rank: u8) -> Self {
        Self { title, side: Side::Right, least: usize::MAX, rank }
    }

    /// Places in the source.
    pub(super) const fn path(title: &'static str, rank: u8) -> Self {
        Self { title, side: Side::Tail, least: 12, rank }
    }
}

/// A head and rows, each one line of at most so many cells.
pub(super) struct Grid {
    pub(super) head: Line<'static>,
    pub(super) rows: Vec<Line<'static>>,
}

impl Grid {
    /// Each row has a cell for each column.
    pub(super) fn new(columns: &[Column], rows: &[Vec<Span<'static>>], width: usize, head: Style) -> Self {
        let mut widths: Vec<_> = columns.iter().map(|column| Some(text_width(column.title))).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(Some(cell.width()));
            }
        }
        let gap = fit(columns, &mut widths, width);
        let titles: Vec<_> = columns.iter().map(|column| Span::styled(column.title, head)).collect();
        let line = |cells: &[Span<'static>]| line(columns, &widths, gap, cells);
        Self { head: line(&titles), rows: rows.iter().map(|row| line(row)).collect() }
    }

    /// All of it.
    pub(super) fn with_head(mut self) -> Vec<Line<'static>> {
        self.rows.insert(0, self.head);
        self.rows
    }
}

/// Narrows columns, then leaves some out, until they fit; the gap between those that stay.
fn fit(columns: &[Column], widths: &mut [Option<usize>], width: usize) -> usize {
    let total = |widths: &[Option<usize>], gap: usize| {
        let there: Vec<_> = widths.iter().flatten().collect();
        there.iter().copied().sum::<usize>() + gap * there.len().saturating_sub(1)
    };
    if total(widths, GAP) <= width {
        return GAP;
    }
    loop {
        let over = total(widths, 1).saturating_sub(width);
        if over == 0 {
            return 1;
        }
        let there = |at: &usize| widths.get(*at).copied().flatten();
        let slack = |at: &usize| there(at).unwrap_or(0).saturating_sub(columns[*at].least);
        let all = 0..columns.len().min(widths.len());
        if let Some(widest) = all.clone().filter(|at| slack(at) > 0).max_by_key(|at| (slack(at), *at)) {
            let less = over.min(slack(&widest));
            widths[widest] = there(&widest).map(|width| width - less);
            continue;
        }
        let rank = |at: &usize| columns[*at].rank;
        let Some(least) = all.filter(|at| there(at).is_some() && rank(at) > 0).max_by_key(rank) else {
            return 1;
        };
        widths[least] = None;
    }
}

fn line(columns: &[Column], widths: &[Option<usize>], gap: usize, cells: &[Span<'static>]) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    for ((column, width), cell) in columns.iter().zip(widths).zip(cells) {
        let Some(width) = *width else { continue };
        if !spans.is_empty() {
            spans.push(Span::raw(" ".repeat(gap)));
        }
        let text = cut(&cell.content, width, column.side == Side::Tail);
        let pad = " ".repeat(width.saturating_sub(text_width(&text)));
        let cell = Span::styled(text.into_owned(), cell.style);
        if column.side == Side::Right {
            spans.extend([Span::raw(pad), cell]);
        } else {
            spans.extend([cell, Span::raw(pad)]);
        }
    }
    Line::from(spans)
}

/// A text in at most so many cells, with `…` for what is left out at its end, or at its beginning.
pub(super) fn cut(text: &str, width: usize, is_tail: bool) -> Cow<'_, str> {
    if text_width(text) <= width {
        return Cow::Borrowed(text);
    }
    let span = Span::raw(text);
    let graphemes: Vec<_> = span.styled_graphemes(Style::new()).map(|grapheme| grapheme.symbol).collect();
    let mut left = width.saturating_sub(1);
    let mut fits = |grapheme: &&&str| {
        let rest = left.checked_sub(text_width(grapheme));
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    let kept: String = if is_tail {
        let kept = graphemes.iter().rev().take_while(&mut fits).count();
        ["…"].iter().chain(&graphemes[graphemes.len() - kept..]).copied().collect()
    } else {
        graphemes.iter().take_while(&mut fits).chain(&["…"]).copied().collect()
    };
    // Where there is no room at all, there is none for the mark.
    Cow::Owned(if width == 0 { String::new() } else { kept })
}

/// A line as several, each of at most so many cells, broken between words where that is possible. The later ones begin further to the
/// right than the first, which may begin with spaces.
pub(super) fn wrapped(line: &str, width: usize) -> Vec<String> {
    let words = line.trim_start();
    let indent = text_width(line) - text_width(words);
    let mut lines = vec![" ".repeat(indent)];
    let later = " ".repeat(indent + 4);
    let mut is_first = true;
    for word in words.split_inclusive(' ') {
        let Some(last) = lines.last_mut() else { break };
        let is_space = word.trim_end().is_empty();
        if !is_first && !is_space && text_width(last) + text_width(word.trim_end()) > width {
            lines.push(later.clone() + word);
        } else {
            last.push_str(word);
        }
        is_first = false;
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// How many cells of a terminal it takes.
pub(super) fn text_width(text: &str) -> usize {
    Span::raw(text).width()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_their_characters() {
        let told = |text, width| (cut(text, width, false).into_owned(), cut(text, width, true).into_owned());
        assert_eq!(told("evolution", 9), ("evolution".into(), "evolution".into()));
        assert_eq!(told("evolution", 5), ("evol…".into(), "…tion".into()));
        assert_eq!(told("evolution", 1), ("…".into(), "…".into()));
        assert_eq!(told("evolution", 0), (String::new(), String::new()));
        // Each of these takes two cells; half of one is left empty.
        assert_eq!(told("日本語", 6), ("日本語".into(), "日本語".into()));
        assert_eq!(told("日本語", 5), ("日本…".into(), "…本語".into()));
        assert_eq!(told("日本語", 4), ("日…".into(), "…語".into()));
        assert_eq!(told("日本語", 2), ("…".into(), "…".into()));
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrapped("  a bc def", 20), ["  a bc def"]);
        assert_eq!(wrapped("  a bc def", 7), ["  a bc", "      def"]);
        assert_eq!(wrapped("a   bc  def", 6), ["a   bc", "    def"]);
        assert_eq!(wrapped("a 日本 語", 6), ["a 日本", "    語"]);
        assert_eq!(wrapped("far-too-long for", 4), ["far-too-long", "    for"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn columns_are_narrowed_and_then_left_out_by_rank() {
        let columns = [Column::words("NAME", 6, 0), Column::number("N", 2), Column::path("AT", 1)];
        let rows = [
            vec![Span::raw("a"), Span::raw("12"), Span::raw("src/main.rs:22")],
            vec![Span::raw("evolution"), Span::raw("3"), Span::raw("src/agents/main.rs:7")],
        ];
        let at = |width| {
            let grid = Grid::new(&columns, &rows, width, Style::new());
            [grid.head.to_string(), grid.rows[0].to_string(), grid.rows[1].to_string()]
        };
        assert_eq!(
            at(40),
            [
                "NAME        N  AT                  ",
                "a          12  src/main.rs:22      ",
                "evolution   3  src/agents/main.rs:7"
            ]
        );
        assert_eq!(
            at(28),
            ["NAME       N AT             ", "a         12 src/main.rs:22 ", "evolution  3 …ents/main.rs:7"]
        );
        assert_eq!(at(22), ["NAME    N AT          ", "a      12 …/main.rs:22", "evolu…  3 …s/main.rs:7"]);
        let narrow = at(21);
        assert_eq!(narrow[1].split_whitespace().collect::<Vec<_>>(), ["a", "…/main.rs:22"]);
        assert_eq!(at(8)[2].trim_end(), "evolu…");
        assert_eq!(at(0)[2].trim_end(), "evolu…", "what has no rank stays");
    }
}
