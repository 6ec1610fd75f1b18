//! The sending handles, and their futures. Every sender's way is [`Turn`](turn::Turn).

mod asking;
mod broadcast;
mod channel;
mod channel_operation;
mod channel_places;
mod channel_questions;
#[cfg(feature = "sink")]
mod channel_sink;
mod dead_letters;
mod gathering;
mod group_options;
mod limit;
mod limit_calls;
mod limited;
mod outcomes_options;
mod owned_permit;
mod permit;
mod permits;
mod recorder_options;
mod reply_stream;
mod request_trace;
mod requesting;
mod reserving;
mod sending;
mod sending_limited;
mod sending_many;
mod sending_timed;
mod settling;
mod subscriber_options;
mod toll;
mod traced;
mod turn;
mod weak_broadcast;
mod weak_channel;

pub use broadcast::Broadcast;
pub use channel::Channel;
#[cfg(feature = "sink")]
pub use channel_sink::ChannelSink;
pub use gathering::Gathering;
pub use group_options::GroupOptions;
pub use limited::Limited;
pub use outcomes_options::OutcomesOptions;
pub use owned_permit::OwnedPermit;
pub use permit::Permit;
pub use permits::Permits;
pub use recorder_options::RecorderOptions;
pub use reply_stream::ReplyStream;
pub use requesting::Requesting;
pub use reserving::Reserving;
pub use sending::Sending;
pub use sending_limited::SendingLimited;
pub use sending_timed::SendingTimed;
pub use settling::Settling;
pub use subscriber_options::SubscriberOptions;
pub use weak_broadcast::WeakBroadcast;
pub use weak_channel::WeakChannel;
