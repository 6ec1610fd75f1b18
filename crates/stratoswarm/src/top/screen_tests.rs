use ratatui_core::{
    backend::TestBackend,
    style::{Color, Modifier},
    terminal::Terminal,
};
use ratatui_crossterm::crossterm::event::KeyCode;
use serde_json::{Value, json};

use super::*;
use crate::top::{
    fixture::{idle, key, state, stuck},
    input::Input,
};

/// The lines on a terminal, without the empty ends.
fn drawn(state: &State, (width, height): (u16, u16), now: u64) -> Vec<String> {
    let terminal = terminal(state, (width, height), now, Palette::PLAIN);
    let view = terminal.backend().to_string();
    // Each line is in quotation marks; behind them, what wide characters hide.
    let line = |line: &str| {
        line.trim_start_matches('"').rsplit_once('"').map(|(line, _)| line.trim_end().to_owned())
    };
    view.lines().filter_map(line).collect()
}

fn terminal(state: &State, (width, height): (u16, u16), now: u64, palette: Palette) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(state, Duration::from_secs(now), palette, frame.buffer_mut())).unwrap();
    terminal
}

#[track_caller]
fn has(lines: &[String], words: &[&str]) {
    let found = lines.iter().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(found, "no line has all of {words:?}:\n{}", lines.join("\n"));
}

#[test]
fn a_stuck_swarm_on_a_common_terminal() {
    let lines = drawn(&state(&stuck(), (80, 24)), (80, 24), 0);
    assert_eq!(lines.len(), 24);
    assert!(
        lines[0].starts_with("stratoswarm top   swarm pid 4711   4 channels   2 tasks   up 12s"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].starts_with("DEADLOCK 12.4s  planner and worker wait ") && lines[1].ends_with("e explains"),
        "{}",
        lines[1]
    );
    let head: Vec<_> = lines[2].split_whitespace().collect();
    assert_eq!(head, ["CHANNEL", "DEPTH", "RATE/S", "LAG", "WAIT", "p99", "BLOCKED", "HELD", "UP", "BY"]);
    has(&lines, &["! jobs", "██████████", "3/3", "81.2k", "12.4s", "6 12.4s", "workers: 1"]);
    has(&lines, &["  evolution", "█████░░░░░", "4.1k/10k", " - ", "engines: e"]);
    has(&lines, &["  events ~", "4/4", "subscriber 0 mis…"]);
    has(&lines, &["─ jobs ─ channel ─ ", "fixture.rs:"]);
    has(&lines, &["workers", "group", "1 in hand"]);
    has(&lines, &["send ×5", "task ", " +4", "11.9s", "fixture.rs:"]);
    has(&lines, &["send", "planner", "fixture.rs:"]);
    assert!(lines[23].ends_with("? help  q quit") && lines[23].starts_with("↑↓"), "{}", lines[23]);
}

#[test]
fn a_large_terminal_has_all_columns() {
    let lines = drawn(&state(&stuck(), (120, 40)), (120, 40), 0);
    let head: Vec<_> = lines[2].split_whitespace().collect();
    assert_eq!(head, ["CHANNEL", "DEPTH", "RATE/S", "LAG", "WAIT", "p99", "BLOCKED", "HELD", "UP", "BY"]);
    has(&lines, &["! jobs", "81.2k  12.4s         -  6 12.4s    workers: 1 in hand", "workers: 1 in hand"]);
    assert!(lines[0].ends_with("p pause  ? help"), "{}", lines[0]);
    assert!(lines[39].ends_with("q quit"), "{}", lines[39]);
}

#[test]
fn the_least_terminal_still_has_what_is_worst() {
    let lines = drawn(&state(&stuck(), (20, 5)), (20, 5), 0);
    has(&lines, &["DEADLOCK"]);
    has(&lines, &["! jobs", "3/3"]);
}

#[test]
fn marks_and_words_say_what_colours_say() {
    let state = state(&stuck(), (80, 24));
    let plain = terminal(&state, (80, 24), 0, Palette::PLAIN);
    let cells = plain.backend().buffer().content();
    assert!(
        cells.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset),
        "a colour in spite of NO_COLOR"
    );
    assert!(cells.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)), "the selected row");
    let coloured = terminal(&state, (80, 24), 0, Palette { has_colours: true });
    assert!(coloured.backend().buffer().content().iter().any(|cell| cell.fg == Color::Red));
    assert_eq!(plain.backend().to_string(), coloured.backend().to_string());
}

#[test]
fn nothing_panics_at_any_size_on_any_page() {
    let mut strange = stuck();
    let channels = strange["snapshot"]["channels"].as_array_mut().unwrap();
    channels[0]["name"] = json!("日本語のチャンネル".repeat(20));
    channels[1]["name"] = json!("e\u{301}".repeat(300));
    channels[2]["name"] = json!("\u{1b}[31m\u{200b}👩‍👩‍👧‍👦");
    channels[0]["capacity"] = json!(u64::MAX);
    for served in [stuck(), strange, idle(0), json!({"format": 1})] {
        for keys in ["", "\n", "e", "r", "h", "?", "/x", "p", "G", "\nG"] {
            let mut state = state(&served, (80, 24));
            for character in keys.chars() {
                let code = if character == '\n' { KeyCode::Enter } else { KeyCode::Char(character) };
                state.take(key(code), Duration::ZERO);
            }
            for width in [0, 1, 2, 7, 20, 21, 79, 80, 120, 300] {
                for height in [0, 1, 2, 3, 4, 5, 6, 14, 15, 16, 24, 60] {
                    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
                    state.take(Input::Resize(width, height), Duration::ZERO);
                    draw(&state, Duration::ZERO, Palette::PLAIN, &mut buffer);
                }
            }
        }
    }
}

#[test]
fn wide_characters_and_long_names_leave_the_columns_where_they_are() {
    let mut served = stuck();
    served["snapshot"]["channels"][0]["name"] = json!("日本語のチャンネルとその長い名前");
    served["snapshot"]["channels"][1]["name"] = json!("a-very-".repeat(40));
    let terminal = terminal(&state(&served, (80, 24)), (80, 24), 0, Palette::PLAIN);
    let buffer = terminal.backend().buffer();
    // The cells from one column on, of which the one before it is empty in every row.
    let column = (0..80).find(|x| buffer[(*x, 2)].symbol() == "D").unwrap();
    for y in 3..7 {
        assert_eq!(buffer[(column - 1, y)].symbol(), " ", "row {y}:\n{}", terminal.backend());
        assert!(["█", "░"].contains(&buffer[(column, y)].symbol()), "row {y}:\n{}", terminal.backend());
    }
    has(&drawn(&state(&served, (80, 24)), (80, 24), 0), &["a-very-", "…"]);
}

#[test]
fn of_a_thousand_channels_those_around_the_selected_one_are_shown() {
    let mut state = state(&idle(1_000), (80, 24));
    let first = drawn(&state, (80, 24), 0);
    has(&first, &["1000 channels"]);
    has(&first, &["channel-0000"]);
    for _ in 0..500 {
        state.take(key(KeyCode::Down), Duration::ZERO);
    }
    let middle = drawn(&state, (80, 24), 0);
    has(&middle, &["  channel-0500", "░"]);
    has(&middle, &["  channel-0499", "░"]);
    has(&middle, &["─ channel-0500 ─"]);
    state.take(key(KeyCode::End), Duration::ZERO);
    let last = drawn(&state, (80, 24), 0);
    has(&last, &["  channel-0999", "░"]);
    let shown = last.iter().filter(|line| line.starts_with("  channel-")).count();
    assert_eq!(
        shown,
        first.iter().filter(|line| line.starts_with("  channel-")).count(),
        "as many as at the beginning"
    );
}

#[test]
fn silence_and_states_of_mind_are_said() {
    let mut state = state(&stuck(), (100, 24));
    state.take(Input::Asked, Duration::ZERO);
    has(&drawn(&state, (100, 24), 7), &["does not answer for 7s"]);
    has(&drawn(&state, (100, 24), 7), &["! jobs"]);
    for character in "ps/ev".chars() {
        state.take(key(KeyCode::Char(character)), Duration::ZERO);
    }
    let lines = drawn(&state, (100, 24), 0);
    has(&lines, &["PAUSED", "by name", "/ev"]);
    has(&lines, &["filter: ev▏", "⏎ keeps"]);
    assert!(!lines.iter().any(|line| line.contains("jobs") && line.contains("3/3")), "{lines:?}");
    state.take(key(KeyCode::Char('x')), Duration::ZERO);
    has(&drawn(&state, (100, 24), 0), &["no channel's name has that"]);
}

#[test]
fn figures_that_are_old_are_told_as_such() {
    let mut served = stuck();
    served["look_waiting_s"] = json!(3.25);
    let old = "the figures are older: a look waits for a lock, 3.2s";
    has(&drawn(&state(&served, (140, 24)), (140, 24), 0), &["DEADLOCK", old]);
    served["verdicts"] = json!([]);
    has(&drawn(&state(&served, (80, 24)), (80, 24), 0), &[old]);
}

#[test]
fn before_the_first_answer_that_is_said() {
    let lines = drawn(&State::new(Duration::from_secs(1), (80, 24)), (80, 24), 0);
    has(&lines, &["waits for the first answer"]);
}

fn page(served: &Value, keys: &[KeyCode], answer: Option<Input>) -> Vec<String> {
    let mut state = state(served, (120, 40));
    for code in keys {
        state.take(key(*code), Duration::ZERO);
    }
    answer.map(|answer| state.take(answer, Duration::ZERO));
    drawn(&state, (120, 40), 0)
}

#[test]
fn one_channel_fills_its_page() {
    let lines = page(&stuck(), &[KeyCode::Enter], None);
    has(&lines, &["─ jobs ─ channel ─"]);
    has(&lines, &["sent ", "delivered ", "most waiting 3"]);
    has(&lines, &["workers", "1 in hand"]);
    has(&lines, &["send ×5"]);
    has(&lines, &["Receiver", "workers", "fixture.rs:"]);
    assert!(!lines.iter().any(|line| line.contains("evolution")), "of no other channel");
}

#[test]
fn what_is_explained_is_shown_as_it_was_told() {
    let served = stuck();
    let text = served["verdicts_text"].as_str().unwrap();
    let answer = Input::Explained(Ok(text.to_owned()));
    let lines = page(&served, &[KeyCode::Char('e')], Some(answer));
    for line in text.lines().filter(|line| line.chars().count() < 118) {
        has(&lines, &[line]);
    }
    has(&lines, &["DEADLOCK for "]);
    has(&page(&served, &[KeyCode::Char('e')], None), &["not answered yet"]);
    let failed = Input::Explained(Err("answers 500".to_owned()));
    has(&page(&served, &[KeyCode::Char('e')], Some(failed)), &["cannot be told: answers 500"]);
    has(
        &page(&served, &[KeyCode::Char('e')], Some(Input::Explained(Ok(String::new())))),
        &["Nothing is stuck."],
    );
}

#[test]
fn requests_and_handles_have_their_pages() {
    let mut served = stuck();
    let channels = served["snapshot"]["channels"].as_array_mut().unwrap();
    let jobs = channels.iter_mut().find(|channel| channel["name"] == "jobs").unwrap();
    jobs["requests"] =
        json!({"asked": 1_500, "answered": 1_200, "expired": 100, "abandoned": 50, "unanswered": 20});
    let lines = page(&served, &[KeyCode::Char('r')], None);
    has(&lines, &["CHANNEL", "ASKED", "OPEN", "NO GROUP"]);
    has(&lines, &["jobs", "1.5k", "1.2k", "130", "100", "50", "20", "0"]);
    has(&page(&stuck(), &[KeyCode::Char('r')], None), &["Nobody has asked anything."]);
    let lines = page(&served, &[KeyCode::Char('h')], None);
    has(&lines, &["jobs", "Receiver", "1", "workers", "fixture.rs:"]);
    has(&lines, &["evolution", "Channel"]);
}
