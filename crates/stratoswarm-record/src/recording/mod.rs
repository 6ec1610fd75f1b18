//! Recording: what is said, what is looked at, what is written.

mod channel_recording;
mod hints;
#[cfg(test)]
mod kill_tests;
mod parts;
mod record_error;
mod recordable;
mod recorded_channel;
mod recording;
mod recording_builder;
mod recording_report;
mod reply_encoding;
mod session;
#[cfg(test)]
mod session_tests;
mod source;
mod start_error;
mod stop;
mod time;

pub use channel_recording::ChannelRecording;
pub use record_error::RecordError;
pub(crate) use recordable::Beside;
pub use recordable::Recordable;
pub use recorded_channel::RecordedChannel;
pub use recording::Recording;
pub use recording_builder::RecordingBuilder;
pub use recording_report::RecordingReport;
pub use start_error::StartError;
