use serde::{Deserialize, Serialize};

use crate::preset::messages::BufferId;

/// Why a device did not do what it was told.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{BufferId, GpuCall, GpuFault, TransferToDevice}};
/// # let registry = ChannelRegistry::new();
/// let mut device = registry.gpu().join("devices");
/// tokio::spawn(async move {
///     if let Some(GpuCall::TransferToDevice(_, reply)) = device.recv().await.map(GpuCall::from) {
///         reply.send(Err(GpuFault::OutOfMemory { needed_bytes: 4, free_bytes: 2 }));
///     }
/// });
/// let fill = TransferToDevice { buffer: BufferId::random(), data: "0123".into() };
/// let outcome = registry.gpu().request(fill).await?; // the fabric's errors are the outer ones
/// let fault = outcome.expect_err("too much");
/// assert_eq!(fault.to_string(), "out of device memory: 4 bytes needed, 2 free");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum GpuFault {
    /// The device has no kernel of this name.
    #[error("unknown kernel {name:?}")]
    UnknownKernel {
        /// The name.
        name: String,
    },
    /// Nothing was ever transferred to this buffer.
    #[error("unknown buffer {buffer}")]
    UnknownBuffer {
        /// The buffer.
        buffer: BufferId,
    },
    /// The device's memory does not suffice.
    #[error("out of device memory: {needed_bytes} bytes needed, {free_bytes} free")]
    OutOfMemory {
        /// How many bytes more were needed.
        needed_bytes: u64,
        /// How many were free.
        free_bytes: u64,
    },
    /// The kernel does not take such buffers or arguments.
    #[error("kernel {name:?} cannot run: {reason}")]
    InvalidLaunch {
        /// The kernel.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The kernel ended before its work was done.
    #[error("kernel {name:?} failed: {reason}")]
    KernelFailed {
        /// The kernel.
        name: String,
        /// What is known of the cause.
        reason: String,
    },
}
