/// How the messages of a channel are to be compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// Of each sender the first with the first, the second with the second: whichever came between, as threads are scheduled in
    /// another way. A sender is known by its name, or by the place where its handles were made. Senders that the recording calls
    /// [unordered](crate::ChannelRecording::unordered) are compared in any order, and those that are
    /// [passed over](crate::ChannelRecording::passed_over) not at all. A channel of which one of the recordings does not tell the
    /// senders, as it was not traced, is compared as [`Total`](Self::Total).
    #[default]
    PerSender,
    /// The first with the first, the second with the second.
    Total,
    /// In any order: each as often in the one as in the other.
    Set,
}
