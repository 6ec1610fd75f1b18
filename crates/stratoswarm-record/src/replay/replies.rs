/// What becomes of requests that are replayed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replies {
    /// They are requests again, with the deadlines that they had; a task waits for each reply, and forgets it.
    #[default]
    Ignore,
    /// They are sent as messages: whoever serves them finds that no reply is wanted.
    AsSends,
}
