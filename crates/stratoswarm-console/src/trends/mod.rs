//! Figures over time, from snapshots alone: rates, lag in seconds, time to drain.

mod channel_trend;
mod curve;
mod lately;
mod reader_trend;
mod trends;

pub use channel_trend::ChannelTrend;
pub use reader_trend::ReaderTrend;
pub use trends::Trends;
