/// What becomes of requests that are replayed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replies {
    /// They are requests again, with the deadlines that they had; a task waits for each reply, and forgets it.
    #[default]
    Ignore,
    /// They are requests again, and each reply is compared with the one that was recorded, by value. A recording has replies of the
    /// channels that were opened `traced()`; all of them are in memory meanwhile. Where it has none the replay does not begin.
    Compare,
    /// They are sent as messages: whoever serves them finds that no reply is wanted.
    AsSends,
}
