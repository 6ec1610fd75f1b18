//! The owner of the channels: opens them by name, lists them, shuts them down in order.

mod any_channel;
mod broadcast_builder;
mod channel_builder;
mod channel_report;
mod directory;
mod draining;
mod fabric_builder;
mod gone;
mod held_handle;
mod lookup;
mod owner;
mod private;
mod reader_report;
mod sampling;
mod sealed;
mod shutdown;
mod shutdown_report;
mod snapshot;
mod weak_fabric;

pub use broadcast_builder::BroadcastBuilder;
pub use channel_builder::ChannelBuilder;
pub use channel_report::ChannelReport;
pub use fabric_builder::FabricBuilder;
pub use gone::Gone;
pub use held_handle::HeldHandle;
pub use lookup::Lookup;
pub use owner::Fabric;
pub use private::{broadcast, channel};
pub use reader_report::ReaderReport;
pub use sampling::Sampling;
pub use shutdown_report::ShutdownReport;
pub use snapshot::Snapshot;
pub use weak_fabric::WeakFabric;
