use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::preset::messages::BufferId;

/// Fills a buffer with bytes from the host, replacing what it held; answered with [`Stored`](super::Stored).
///
/// The buffer comes into being with the first transfer. No data at all frees it.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{BufferId, GpuCall, Stored, TransferToDevice}};
/// # let registry = ChannelRegistry::new();
/// let mut device = registry.gpu().join("devices");
/// tokio::spawn(async move {
///     if let Some(GpuCall::TransferToDevice(fill, reply)) = device.recv().await.map(GpuCall::from) {
///         reply.send(Ok(Stored { stored_bytes: fill.data.len() as u64, free_bytes: 1 << 30 }));
///     }
/// });
/// let fill = TransferToDevice { buffer: BufferId::random(), data: "0123".into() };
/// assert_eq!(registry.gpu().request(fill).await?.map(|stored| stored.stored_bytes), Ok(4));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransferToDevice {
    /// The buffer to fill.
    pub buffer: BufferId,
    /// What it is to hold.
    pub data: Bytes,
}
