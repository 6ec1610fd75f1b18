use serde::{Deserialize, Serialize};

/// Waits for everything that was sent to a stream before; answered with [`Done`](crate::messages::Done).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{Done, GpuCall, Synchronize}};
/// # let registry = ChannelRegistry::new();
/// let mut device = registry.gpu().join("devices");
/// tokio::spawn(async move {
///     if let Some(GpuCall::Synchronize(_, reply)) = device.recv().await.map(GpuCall::from) {
///         reply.send(Ok(Done {}));
///     }
/// });
/// let waiting = registry.gpu().request(Synchronize { stream: 3 });
/// assert_eq!(waiting.await?, Ok(Done {}), "the stream's earlier commands have taken effect");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Synchronize {
    /// The stream to wait for.
    pub stream: u32,
}
