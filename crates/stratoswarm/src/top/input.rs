use ratatui_crossterm::crossterm::event::KeyEvent;

use super::picture::Picture;

/// What comes to the screen.
#[derive(Debug)]
pub(super) enum Input {
    Key(KeyEvent),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
    /// The swarm is asked for its figures.
    Asked,
    /// It has answered: what it sent, and what that shows.
    Picture(Vec<u8>, Picture),
    /// What is told afresh of what does not move, or why it is not.
    Explained(Result<String, String>),
    /// What passed through the channel of this name, in lines, or why nothing more is told of it.
    Passed(String, Result<Vec<String>, String>),
    /// It has not answered, or not as it should.
    Fault(String),
    /// It is not there: nobody listens.
    Gone(String),
    /// Somebody wants the program to end, by a signal.
    Leave,
    /// Whoever told of the keys, or of the figures, has ended: its name.
    Lost(&'static str),
}
