use serde::{Deserialize, Serialize};

/// Waits for everything that the device has taken of a stream; answered with [`Done`](crate::messages::Done). It is critical:
/// it overtakes commands that wait in the channel, so whoever wants them done, too, awaits their replies before.
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
/// assert_eq!(waiting.await?, Ok(Done {}), "the commands that were taken before have taken effect");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Synchronize {
    /// The stream to wait for.
    pub stream: u32,
}
