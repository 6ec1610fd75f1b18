/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// All channels, with the selected one's readers below.
    Channels,
    /// All of one channel.
    Channel,
    /// What passes through one channel.
    Passing,
    /// What does not move, and why.
    Explain,
    /// What became of the requests of all channels.
    Requests,
    /// The handles there are.
    Handles,
    /// What the keys do.
    Help,
}
