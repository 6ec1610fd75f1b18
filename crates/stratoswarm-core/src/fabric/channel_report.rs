use super::ReaderReport;
use crate::accounts::ChannelInfo;

/// What a shutdown found at one channel. The sums are over the lossless readers, which it waits for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChannelReport {
    /// The channel's name.
    pub name: String,
    /// Messages taken and finished since the shutdown began.
    pub drained: u64,
    /// Messages taken whose `Delivery` or `Responder` still existed at the end.
    pub in_hand: u64,
    /// Messages not taken by a reader that needed them, or kept for a first reader that never came.
    pub undelivered: u64,
    /// Each reader.
    pub readers: Vec<ReaderReport>,
    /// The figures at the end.
    pub info: ChannelInfo,
}
