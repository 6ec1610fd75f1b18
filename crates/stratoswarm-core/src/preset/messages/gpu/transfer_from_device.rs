use serde::{Deserialize, Serialize};

use crate::preset::messages::BufferId;

/// Reads a buffer back to the host; answered with its bytes.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{BufferId, GpuCall, TransferFromDevice}};
/// # let registry = ChannelRegistry::new();
/// let mut device = registry.gpu().join("devices");
/// tokio::spawn(async move {
///     if let Some(GpuCall::TransferFromDevice(_, reply)) = device.recv().await.map(GpuCall::from) {
///         reply.send(Ok("0123".into()));
///     }
/// });
/// let buffer = BufferId::from_u128(7); // filled before
/// let bytes = registry.gpu().request(TransferFromDevice { buffer }).await??;
/// assert_eq!(&*bytes, b"0123");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransferFromDevice {
    /// The buffer to read.
    pub buffer: BufferId,
}
