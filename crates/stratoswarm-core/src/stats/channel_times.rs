use super::ReaderTimes;

/// How long messages of one channel take, as far as [they are looked at](crate::Fabric::sample_times).
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ChannelTimes {
    /// The channel's name.
    pub name: String,
    /// Its groups and lossless subscribers that have taken one that was looked at.
    pub readers: Vec<ReaderTimes>,
}
