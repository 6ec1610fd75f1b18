//! Figures: what a channel and its readers did, read from the queue itself.

mod budget_info;
mod budget_share;
mod caller;
mod channel_info;
mod channel_kind;
mod channel_times;
mod expired_counts;
mod lane_info;
mod member_info;
mod reader_info;
mod reader_kind;
mod reader_times;
mod request_counts;
mod sender_info;
#[cfg(feature = "serde")]
pub(crate) mod serialize;
mod skipped;
mod task_info;
mod task_state;
mod times;
mod wait_info;
mod wait_kind;
mod wait_state;

pub use budget_info::BudgetInfo;
pub use budget_share::BudgetShare;
pub(crate) use caller::Caller;
pub use channel_info::ChannelInfo;
pub use channel_kind::ChannelKind;
pub use channel_times::ChannelTimes;
pub use expired_counts::ExpiredCounts;
pub use lane_info::LaneInfo;
pub use member_info::MemberInfo;
pub use reader_info::ReaderInfo;
pub use reader_kind::ReaderKind;
pub use reader_times::ReaderTimes;
pub use request_counts::RequestCounts;
pub use sender_info::SenderInfo;
pub use skipped::Skipped;
pub use task_info::TaskInfo;
pub use task_state::TaskState;
pub use times::Times;
pub use wait_info::WaitInfo;
pub use wait_kind::WaitKind;
pub use wait_state::WaitState;
