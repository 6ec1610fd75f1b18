use ratatui_core::style::{Color, Modifier, Style};

use super::trouble::Trouble;

/// How things look. Colours only repeat what words, marks and lengths say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    pub(super) has_colours: bool,
}

impl Palette {
    pub(super) const PLAIN: Self = Self { has_colours: false };

    /// As the environment's `NO_COLOR` has it: with any value but an empty one there are none.
    pub(super) fn from_environment() -> Self {
        Self { has_colours: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) }
    }

    pub(super) fn trouble(self, trouble: Trouble) -> Style {
        match trouble {
            Trouble::Stuck => self.colour(Color::Red).add_modifier(Modifier::BOLD),
            Trouble::Slow => self.colour(Color::Yellow),
            Trouble::Blocked | Trouble::None => Style::new(),
        }
    }

    /// Of a broadcast, where nobody waits for room, that is no trouble.
    pub(super) fn depth(self, fullness: f64, is_lossy: bool) -> Style {
        self.colour(if is_lossy {
            Color::Green
        } else if fullness >= 1.0 {
            Color::Red
        } else if fullness >= 0.5 {
            Color::Yellow
        } else {
            Color::Green
        })
    }

    pub(super) fn well(self) -> Style {
        self.colour(Color::Green)
    }

    pub(super) fn head(self) -> Style {
        self.colour(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    pub(super) const fn selected() -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    fn colour(self, colour: Color) -> Style {
        if self.has_colours { Style::new().fg(colour) } else { Style::new() }
    }
}
