use super::ReaderTrend;

/// How the figures of one channel go, per second. Made by [`Trends`](crate::Trends).
///
/// What is none is not known yet, for want of an earlier look, or not defined.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct ChannelTrend {
    /// The channel's name.
    pub channel: String,
    /// Messages accepted a second, over the last one.
    pub sent_per_s: Option<f64>,
    /// Hand-overs a second; a message with two readers counts twice.
    pub delivered_per_s: Option<f64>,
    /// How many seconds ago the oldest message was accepted that the slowest reader has not taken; 0 if it has all. Of those
    /// that hold senders if there are some, else of all.
    pub lag_s: Option<f64>,
    /// Whether `lag_s` may be more, as the message was there before the first look.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lag_at_least: bool,
    /// By how many messages a second what waits grows, over the last five; less than 0 if it shrinks.
    pub growth_per_s: Option<f64>,
    /// The most of its readers' `drain_s`; none if one of them never gets there.
    pub drain_s: Option<f64>,
    /// What 99 of 100 messages waited at most, in seconds, over the last ten to twenty; of several readers that hold senders the most.
    pub wait_p99_s: Option<f64>,
    /// Its readers, in the snapshot's order.
    pub readers: Vec<ReaderTrend>,
}
