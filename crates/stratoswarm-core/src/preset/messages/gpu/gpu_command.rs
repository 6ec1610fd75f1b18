use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{GpuFault, LaunchKernel, Launched, Stored, Synchronize, TransferFromDevice, TransferToDevice};
use crate::preset::messages::Done;

crate::protocol! {
    /// Commands for a device that computes over buffers of its own memory.
    ///
    /// Commands of one stream take effect in the order in which they were sent; transfers belong to no stream, and
    /// [`Synchronize`] goes before what waits.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::{Done, GpuCall, Synchronize}};
    /// # let registry = ChannelRegistry::new();
    /// let mut device = registry.gpu().join("devices");
    /// tokio::spawn(async move {
    ///     while let Some(delivery) = device.recv().await {
    ///         match GpuCall::from(delivery) {
    ///             GpuCall::Synchronize(_, reply) => { reply.send(Ok(Done {})); }
    ///             other => drop(other), // its caller is told that it was not answered
    ///         }
    ///     }
    /// });
    /// assert_eq!(registry.gpu().request(Synchronize { stream: 0 }).await?, Ok(Done {}));
    /// # Ok(()) }
    /// ```
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum GpuCommand as "stratoswarm.gpu" => GpuCall {
        /// Runs a kernel over buffers.
        LaunchKernel -> Result<Launched, GpuFault>,
        /// Fills a buffer from the host.
        TransferToDevice -> Result<Stored, GpuFault>,
        /// Reads a buffer back.
        TransferFromDevice -> Result<Bytes, GpuFault>,
        /// Waits for a stream.
        Synchronize -> Result<Done, GpuFault> as Critical,
    }
}
