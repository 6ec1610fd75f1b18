use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A kernel has run.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{GpuCall, LaunchKernel, Launched}};
/// # use std::time::Duration;
/// # let registry = ChannelRegistry::new();
/// let mut device = registry.gpu().join("devices");
/// tokio::spawn(async move {
///     if let Some(GpuCall::LaunchKernel(_, reply)) = device.recv().await.map(GpuCall::from) {
///         reply.send(Ok(Launched { elapsed: Duration::from_millis(3) }));
///     }
/// });
/// let (buffers, arguments) = (Vec::new(), Vec::new());
/// let launch = LaunchKernel { name: "sum".to_owned(), stream: 0, buffers, arguments };
/// let launched = registry.gpu().request(launch).await??;
/// assert_eq!(launched.elapsed.as_millis(), 3);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Launched {
    /// How long the kernel itself took.
    pub elapsed: Duration,
}
