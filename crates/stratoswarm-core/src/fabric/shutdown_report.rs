use super::{ChannelReport, HeldHandle};

/// What a [shutdown](crate::Fabric::shutdown) came to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Each channel, in the order of the closing.
    pub channels: Vec<ChannelReport>,
    /// The handles that still existed.
    pub held: Vec<HeldHandle>,
}

impl ShutdownReport {
    /// Whether all was drained: nothing undelivered, nothing in hand. Handles may still be held.
    pub fn is_clean(&self) -> bool {
        self.channels.iter().all(|channel| channel.undelivered == 0 && channel.in_hand == 0)
    }
}
