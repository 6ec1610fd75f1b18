use std::{collections::VecDeque, time::Duration};

use ratatui_crossterm::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    dot, effect::Effect, input::Input, order::Order, page::Page, pages, palette::Palette, picture::Picture,
    row::Row,
};

/// So many lines are kept of what passes through a channel.
const PASSED: usize = 1000;

/// After so long without an answer it is said that there is none.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is shown, and what the user has chosen. Changed by [`take`](Self::take) alone, which touches nothing else.
#[derive(Debug)]
pub(super) struct State {
    pub(super) picture: Option<Picture>,
    pub(super) page: Page,
    pub(super) order: Order,
    pub(super) filter: String,
    /// Whether keys go to the filter.
    pub(super) is_typing: bool,
    pub(super) is_paused: bool,
    /// How far down the page is, in lines; on the page of all channels the selection says that.
    pub(super) scroll: usize,
    /// What was told afresh of what does not move; none while it is asked for.
    pub(super) explained: Option<Result<String, String>>,
    /// What the last key did, where the screen does not show it.
    pub(super) told: Option<String>,
    /// How often it is asked.
    pub(super) interval: Duration,
    /// What has passed through the channel that is followed, while its page is open: what came last first.
    pub(super) passed: VecDeque<String>,
    followed: Option<String>,
    selected: Option<String>,
    /// Where the selection was, for when its channel has gone.
    position: usize,
    size: (u16, u16),
    /// Since when there has been no answer.
    silent_since: Option<Duration>,
    fault: Option<String>,
}

impl State {
    pub(super) fn new(interval: Duration, (columns, rows): (u16, u16)) -> Self {
        Self {
            picture: None,
            page: Page::Channels,
            order: Order::default(),
            filter: String::new(),
            is_typing: false,
            is_paused: false,
            scroll: 0,
            explained: None,
            told: None,
            interval,
            passed: VecDeque::new(),
            followed: None,
            selected: None,
            position: 0,
            size: (columns, rows),
            silent_since: None,
            fault: None,
        }
    }

    /// Takes an input at the time `now`, of any clock that goes on.
    pub(super) fn take(&mut self, input: Input, now: Duration) -> Option<Effect> {
        match input {
            Input::Key(key) => return self.key(key),
            Input::Resize(columns, rows) => self.size = (columns, rows),
            Input::Asked => {
                self.silent_since.get_or_insert(now);
            }
            Input::Picture(_, picture) => {
                (self.silent_since, self.fault) = (None, None);
                if !self.is_paused {
                    self.picture = Some(picture);
                }
            }
            Input::Explained(told) => self.explained = Some(told),
            Input::Passed(channel, told) if self.followed() == Some(&channel) => self.pass(told),
            Input::Passed(..) => {} // of a page that was left
            Input::Fault(why) => self.fault = Some(why),
            Input::Gone(why) => return Some(Effect::Gone(why)),
            Input::Leave => return Some(Effect::Leave),
            Input::Lost(what) => return Some(Effect::Fail(what)),
        }
        None
    }

    /// The channels that are shown, in their order.
    pub(super) fn rows(&self) -> Vec<&Row> {
        let wanted = self.filter.to_lowercase();
        let all = self.picture.iter().flat_map(|picture| &picture.rows);
        let mut rows: Vec<_> = all.filter(|row| row.name.to_lowercase().contains(&wanted)).collect();
        rows.sort_by(|one, other| self.order.compare(one, other));
        rows
    }

    /// Where the selected one is among `rows`; the first, if none was chosen.
    pub(super) fn selected(&self, rows: &[&Row]) -> usize {
        let at = self.selected.as_ref().and_then(|name| rows.iter().position(|row| row.name == *name));
        at.unwrap_or_else(|| self.position.min(rows.len().saturating_sub(1)))
    }

    /// The channel that is to be followed, while that is shown.
    pub(super) fn followed(&self) -> Option<&str> {
        self.followed.as_deref().filter(|_| self.page == Page::Passing)
    }

    fn pass(&mut self, told: Result<Vec<String>, String>) {
        if self.is_paused {
            return;
        }
        let lines = told.unwrap_or_else(|why| vec![format!("nothing more is told: {why}")]);
        lines.into_iter().rev().for_each(|line| self.passed.push_front(line));
        self.passed.truncate(PASSED);
    }

    /// Why there is no answer, at the time `now`, if that has lasted or something is wrong.
    pub(super) fn silence(&self, now: Duration) -> Option<String> {
        let silent = now.saturating_sub(self.silent_since?);
        let lasted = format!("{}s", silent.as_secs());
        match &self.fault {
            Some(why) if silent < PATIENCE => Some(why.clone()),
            Some(why) => Some(format!("{why}; silent for {lasted}")),
            None => (silent >= PATIENCE).then(|| format!("does not answer for {lasted}")),
        }
    }

    /// How many rows a page of lines has, below its title and above the keys.
    pub(super) fn page_height(&self) -> usize {
        usize::from(self.size.1).saturating_sub(3).max(1)
    }

    fn key(&mut self, key: KeyEvent) -> Option<Effect> {
        self.told = None;
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        if is_control && key.code == KeyCode::Char('c') {
            return Some(Effect::Leave);
        }
        if self.is_typing {
            self.type_filter(key.code, is_control);
            return None;
        }
        if is_control || key.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        let height = self.page_height();
        match key.code {
            KeyCode::Char('q') => return Some(Effect::Leave),
            KeyCode::Esc => return self.back(),
            KeyCode::Up | KeyCode::Char('k') => self.step(|at| at.saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => self.step(|at| at + 1),
            KeyCode::PageUp => self.step(|at| at.saturating_sub(height)),
            KeyCode::PageDown => self.step(|at| at + height),
            KeyCode::Home | KeyCode::Char('g') => self.step(|_| 0),
            KeyCode::End | KeyCode::Char('G') => self.step(|_| usize::MAX),
            KeyCode::Enter => self.turn_to(Page::Channel),
            KeyCode::Char('e') => {
                self.turn_to(Page::Explain);
                self.explained = None;
                return (self.page == Page::Explain).then_some(Effect::Explain);
            }
            KeyCode::Char('r') => self.turn_to(Page::Requests),
            KeyCode::Char('h') => self.turn_to(Page::Handles),
            KeyCode::Char('t') => self.turn_to(Page::Passing),
            KeyCode::Char('?') => self.turn_to(Page::Help),
            KeyCode::Char('/') => self.is_typing = true,
            KeyCode::Char('s') => self.order = self.order.next(),
            KeyCode::Char('p') => self.is_paused = !self.is_paused,
            KeyCode::Char('d') => return self.graph(),
            _ => {}
        }
        None
    }

    fn type_filter(&mut self, key: KeyCode, is_control: bool) {
        match key {
            KeyCode::Enter => self.is_typing = false,
            KeyCode::Esc => {
                self.is_typing = false;
                self.filter.clear();
            }
            KeyCode::Backspace => {
                self.filter.pop();
            }
            KeyCode::Char('u') if is_control => self.filter.clear(),
            KeyCode::Char(character) if !is_control => self.filter.push(character),
            KeyCode::Up => self.step(|at| at.saturating_sub(1)),
            KeyCode::Down => self.step(|at| at + 1),
            _ => {}
        }
    }

    /// Back to where it came from; from all channels, out.
    fn back(&mut self) -> Option<Effect> {
        if self.page != Page::Channels {
            self.turn_to(Page::Channels);
        } else if self.filter.is_empty() {
            return Some(Effect::Leave);
        } else {
            self.filter.clear();
        }
        None
    }

    /// To a page; from that page, back to all channels.
    fn turn_to(&mut self, page: Page) {
        self.page = if self.page == page { Page::Channels } else { page };
        self.scroll = 0;
        if self.page == Page::Channel {
            // It is about this channel from now on, wherever another order puts it.
            self.select(|at| at);
        }
        if self.page == Page::Passing {
            self.select(|at| at);
            (self.followed, self.passed) = (self.selected.clone(), VecDeque::new());
        }
    }

    /// Moves the selection, or the page.
    fn step(&mut self, to: impl Fn(usize) -> usize) {
        if self.page == Page::Channels {
            return self.select(to);
        }
        let most = pages::lines(self, usize::from(self.size.0), Palette::PLAIN)
            .len()
            .saturating_sub(self.page_height());
        self.scroll = to(self.scroll.min(most)).min(most);
    }

    fn select(&mut self, to: impl Fn(usize) -> usize) {
        let rows = self.rows();
        let at = to(self.selected(&rows)).min(rows.len().saturating_sub(1));
        (self.selected, self.position) = (rows.get(at).map(|row| row.name.clone()), at);
    }

    fn graph(&mut self) -> Option<Effect> {
        let Some(picture) = &self.picture else {
            self.told = Some("there is nothing to be written yet".to_owned());
            return None;
        };
        let name = format!("stratoswarm-{}.dot", picture.pid);
        Some(Effect::Write { name, graph: dot::graph(picture) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::top::fixture::{idle, key, picture, state, stuck};

    const SIZE: (u16, u16) = (80, 24);

    fn press(state: &mut State, keys: &str) -> Option<Effect> {
        let code = |it| match it {
            '⏎' => KeyCode::Enter,
            '⎋' => KeyCode::Esc,
            '⌫' => KeyCode::Backspace,
            '↑' => KeyCode::Up,
            '↓' => KeyCode::Down,
            it => KeyCode::Char(it),
        };
        keys.chars().map(|it| state.take(key(code(it)), Duration::ZERO)).last().flatten()
    }

    fn control(state: &mut State, character: char) -> Option<Effect> {
        let key = KeyEvent::new(KeyCode::Char(character), KeyModifiers::CONTROL);
        state.take(Input::Key(key), Duration::ZERO)
    }

    fn names(state: &State) -> Vec<&str> {
        state.rows().into_iter().map(|row| row.name.as_str()).collect()
    }

    fn selected(state: &State) -> &str {
        let rows = state.rows();
        &rows[state.selected(&rows)].name
    }

    #[test]
    fn the_selection_stays_on_its_channel_whatever_the_order() {
        let mut state = state(&stuck(), SIZE);
        assert_eq!(names(&state)[2..], ["events", "evolution"]);
        press(&mut state, "↓jk↓");
        assert_eq!(selected(&state), "events");
        press(&mut state, "s");
        assert_eq!((state.order, selected(&state)), (Order::Name, "events"));
        press(&mut state, "G");
        assert_eq!(selected(&state), "results");
        press(&mut state, "↓↓");
        assert_eq!(selected(&state), "results", "there is no more");
        press(&mut state, "g↑k");
        assert_eq!(selected(&state), "events");
        for _ in 0..5 {
            press(&mut state, "s");
        }
        assert_eq!(state.order, Order::default());
    }

    #[test]
    fn where_the_selected_channel_goes_its_neighbour_is_selected() {
        let mut state = state(&idle(4), SIZE);
        press(&mut state, "G");
        state.take(Input::Picture(Vec::new(), picture(&idle(3))), Duration::ZERO);
        assert_eq!(selected(&state), "channel-0002");
        state.take(Input::Picture(Vec::new(), picture(&idle(0))), Duration::ZERO);
        assert!(state.rows().is_empty());
        assert_eq!(press(&mut state, "↓↑G⏎⏎"), None, "there is nothing to move");
    }

    #[test]
    fn the_filter_takes_all_keys_until_it_is_kept_or_dropped() {
        let mut state = state(&stuck(), SIZE);
        press(&mut state, "/Eqv⌫");
        assert_eq!((&*state.filter, names(&state).len()), ("Eq", 0));
        press(&mut state, "⌫vent⏎");
        assert_eq!((state.is_typing, names(&state)), (false, vec!["events"]));
        assert_eq!(press(&mut state, "⎋"), None, "drops the filter first");
        assert_eq!(names(&state).len(), 4);
        assert_eq!(press(&mut state, "⎋"), Some(Effect::Leave));
        press(&mut state, "/jobs");
        control(&mut state, 'u');
        assert_eq!((&*state.filter, state.is_typing), ("", true));
        assert_eq!(press(&mut state, "x⎋"), None);
        assert_eq!((&*state.filter, state.is_typing), ("", false));
        press(&mut state, "/");
        assert_eq!(control(&mut state, 'c'), Some(Effect::Leave), "also while it is typed");
    }

    #[test]
    fn every_way_out_leaves() {
        let mut state = state(&stuck(), SIZE);
        assert_eq!(press(&mut state, "q"), Some(Effect::Leave));
        assert_eq!(press(&mut state, "⎋"), Some(Effect::Leave));
        assert_eq!(control(&mut state, 'c'), Some(Effect::Leave));
        assert_eq!(state.take(Input::Leave, Duration::ZERO), Some(Effect::Leave));
        assert_eq!(state.take(Input::Gone("x".into()), Duration::ZERO), Some(Effect::Gone("x".into())));
        assert_eq!(state.take(Input::Lost("x"), Duration::ZERO), Some(Effect::Fail("x")));
        assert_eq!(control(&mut state, 'q'), None, "another key");
    }

    #[test]
    fn each_key_opens_its_page_and_closes_it() {
        let mut state = state(&stuck(), SIZE);
        for (key, page) in
            [('⏎', Page::Channel), ('r', Page::Requests), ('h', Page::Handles), ('?', Page::Help)]
        {
            let key = key.to_string();
            assert_eq!((press(&mut state, &key), state.page), (None, page));
            press(&mut state, &key);
            assert_eq!(state.page, Page::Channels);
            press(&mut state, &key);
            assert_eq!((press(&mut state, "⎋"), state.page), (None, Page::Channels));
        }
        press(&mut state, "h");
        assert_eq!(press(&mut state, "q"), Some(Effect::Leave));
    }

    #[test]
    fn what_does_not_move_is_asked_for_afresh() {
        let mut state = state(&stuck(), SIZE);
        assert_eq!(press(&mut state, "e"), Some(Effect::Explain));
        assert_eq!((state.page, &state.explained), (Page::Explain, &None));
        state.take(Input::Explained(Ok("DEADLOCK".into())), Duration::ZERO);
        assert_eq!(press(&mut state, "e"), None, "closes it");
        assert_eq!(press(&mut state, "e"), Some(Effect::Explain));
        assert_eq!(state.explained, None, "what was told before is old");
    }

    #[test]
    fn a_long_page_scrolls_to_its_end_and_no_further() {
        let mut state = state(&idle(100), SIZE);
        press(&mut state, "h");
        // 100 handles and a head, of which 21 lines fit.
        press(&mut state, "↓↓↑");
        assert_eq!(state.scroll, 1);
        press(&mut state, "G");
        assert_eq!(state.scroll, 80);
        press(&mut state, "↓↑");
        assert_eq!(state.scroll, 79);
        state.take(Input::Resize(80, 54), Duration::ZERO);
        press(&mut state, "↓");
        assert_eq!(state.scroll, 50);
        press(&mut state, "g");
        assert_eq!(state.scroll, 0);
        state.take(key(KeyCode::PageDown), Duration::ZERO);
        assert_eq!(state.scroll, 50);
    }

    #[test]
    fn a_pause_keeps_the_picture_and_not_the_silence() {
        let mut state = state(&stuck(), SIZE);
        press(&mut state, "p");
        state.take(Input::Asked, Duration::from_secs(1));
        assert!(state.silence(Duration::from_secs(3)).is_some());
        state.take(Input::Picture(Vec::new(), picture(&idle(1))), Duration::from_secs(3));
        assert_eq!((names(&state).len(), state.silence(Duration::from_secs(9))), (4, None));
        press(&mut state, "p");
        state.take(Input::Picture(Vec::new(), picture(&idle(1))), Duration::from_secs(3));
        assert_eq!(names(&state), ["channel-0000"]);
    }

    #[test]
    fn it_is_said_since_when_there_is_no_answer() {
        let mut state = state(&stuck(), SIZE);
        let at = Duration::from_secs;
        state.take(Input::Asked, at(10));
        assert_eq!(state.silence(at(11)), None, "that is nothing yet");
        assert_eq!(state.silence(at(12)).as_deref(), Some("does not answer for 2s"));
        state.take(Input::Fault("no answer within 5s".into()), at(15));
        state.take(Input::Asked, at(16));
        assert_eq!(state.silence(at(17)).as_deref(), Some("no answer within 5s; silent for 7s"));
        assert_eq!(
            (names(&state).len(), press(&mut state, "q")),
            (4, Some(Effect::Leave)),
            "it can be used as before"
        );
        state.take(Input::Picture(Vec::new(), picture(&stuck())), at(18));
        assert_eq!(state.silence(at(99)), None);
        state.take(Input::Asked, at(100));
        state.take(Input::Fault("answers 500".into()), at(100));
        assert_eq!(state.silence(at(100)).as_deref(), Some("answers 500"), "what is wrong is said at once");
    }

    #[test]
    fn the_graph_has_channels_readers_and_who_waits() {
        let mut served = stuck();
        served["program"] = json!("a \"swarm\" \\");
        let mut state = state(&served, SIZE);
        let Some(Effect::Write { name, graph }) = press(&mut state, "d") else { panic!("it is not written") };
        assert_eq!(name, "stratoswarm-4711.dot");
        for part in [
            "digraph swarm {",
            "\"a \\\"swarm\\\" \\\\ 4711\\n",
            "jobs\\n3/3",
            "color=red",
            "workers\\ngroup",
            "send ×5",
            "planner\\n",
        ] {
            assert!(graph.contains(part), "{part} in {graph}");
        }
        assert_eq!(graph.matches('"').count() % 2, 0, "each quotation mark that is not escaped has another");
        assert!(graph.ends_with("}\n"));
        let mut empty = State::new(Duration::ZERO, SIZE);
        assert_eq!((press(&mut empty, "d"), empty.told.is_some()), (None, true));
        press(&mut empty, "j");
        assert_eq!(empty.told, None, "until the next key");
    }

    #[test]
    fn what_passes_through_the_selected_channel_is_told_while_its_page_is_open() {
        let mut state = state(&stuck(), SIZE);
        assert_eq!(state.followed(), None);
        press(&mut state, "gt");
        let channel = selected(&state).to_owned();
        assert_eq!((state.page, state.followed()), (Page::Passing, Some(&*channel)));
        let told = |channel: &str, lines: &[&str]| {
            Input::Passed(channel.to_owned(), Ok(lines.iter().map(|&line| line.to_owned()).collect()))
        };
        state.take(told(&channel, &["first", "its message"]), Duration::ZERO);
        state.take(told("another", &["of a page that was left"]), Duration::ZERO);
        state.take(told(&channel, &["second"]), Duration::ZERO);
        assert_eq!(state.passed, ["second", "first", "its message"]);
        press(&mut state, "p");
        state.take(told(&channel, &["third"]), Duration::ZERO);
        assert_eq!(state.passed.len(), 3, "it is paused");
        press(&mut state, "p");
        for number in 0..2 * PASSED {
            state.take(told(&channel, &[&number.to_string()]), Duration::ZERO);
        }
        assert_eq!((state.passed.len(), &*state.passed[0]), (PASSED, "1999"));
        state.take(Input::Passed(channel.clone(), Err("gone".into())), Duration::ZERO);
        assert_eq!(state.passed[0], "nothing more is told: gone");
        press(&mut state, "t");
        assert_eq!((state.page, state.followed()), (Page::Channels, None));
        press(&mut state, "t");
        assert!(state.passed.is_empty(), "it begins anew");
        let mut empty = State::new(Duration::ZERO, SIZE);
        press(&mut empty, "t");
        assert_eq!(empty.followed(), None, "there is no channel");
    }
}
