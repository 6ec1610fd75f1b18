use serde::{Deserialize, Serialize};

/// A buffer was filled.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{BufferId, GpuCall, Stored, TransferToDevice}};
/// # let registry = ChannelRegistry::new();
/// let mut device = registry.gpu().join("devices");
/// tokio::spawn(async move {
///     if let Some(GpuCall::TransferToDevice(_, reply)) = device.recv().await.map(GpuCall::from) {
///         reply.send(Ok(Stored { stored_bytes: 4, free_bytes: 60 }));
///     }
/// });
/// let fill = TransferToDevice { buffer: BufferId::random(), data: "0123".into() };
/// let stored = registry.gpu().request(fill).await??;
/// assert!(stored.free_bytes < 64, "no room for another 64 bytes");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// How many bytes it holds now.
    pub stored_bytes: u64,
    /// How many bytes of the device's memory are free now.
    pub free_bytes: u64,
}
