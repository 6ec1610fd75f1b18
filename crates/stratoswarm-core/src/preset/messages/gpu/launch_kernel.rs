use serde::{Deserialize, Serialize};

use super::KernelArgument;
use crate::preset::messages::BufferId;

/// Runs a kernel over buffers; answered with [`Launched`](super::Launched) once it has finished.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{GpuCall, GpuFault, KernelArgument, LaunchKernel}};
/// # let registry = ChannelRegistry::new();
/// let mut device = registry.gpu().join("devices");
/// tokio::spawn(async move {
///     if let Some(GpuCall::LaunchKernel(launch, reply)) = device.recv().await.map(GpuCall::from) {
///         reply.send(Err(GpuFault::UnknownKernel { name: launch.name }));
///     }
/// });
/// let arguments = vec![KernelArgument::Float(0.5)];
/// let launch = LaunchKernel { name: "scale".to_owned(), stream: 0, buffers: Vec::new(), arguments };
/// let refused = registry.gpu().request(launch).await?;
/// assert_eq!(refused, Err(GpuFault::UnknownKernel { name: "scale".to_owned() }));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaunchKernel {
    /// The kernel's name, one of those the device has.
    pub name: String,
    /// The stream whose earlier commands come first.
    pub stream: u32,
    /// The buffers it works on, in the order the kernel defines.
    pub buffers: Vec<BufferId>,
    /// Its scalar arguments, in the order the kernel defines.
    pub arguments: Vec<KernelArgument>,
}
