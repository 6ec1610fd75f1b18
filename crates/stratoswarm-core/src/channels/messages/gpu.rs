use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{BufferId, Done};

crate::protocol! {
    /// Commands for a device that computes over buffers of its own memory.
    ///
    /// Commands of one stream take effect in the order in which they were sent; transfers belong to no stream.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum GpuCommand => GpuCall {
        /// Runs a kernel over buffers.
        LaunchKernel -> Result<Launched, GpuFault>,
        /// Fills a buffer from the host.
        TransferToDevice -> Result<Stored, GpuFault>,
        /// Reads a buffer back.
        TransferFromDevice -> Result<Bytes, GpuFault>,
        /// Waits for a stream.
        Synchronize -> Result<Done, GpuFault>,
    }
}

/// Runs a kernel over buffers; answered with [`Launched`] once it has finished.
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

/// A scalar argument of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum KernelArgument {
    /// A whole number from 0 up.
    Unsigned(u64),
    /// A whole number with a sign.
    Signed(i64),
    /// A number with a fraction.
    Float(f64),
}

/// Fills a buffer with bytes from the host, replacing what it held; answered with [`Stored`].
///
/// The buffer comes into being with the first transfer. No data at all frees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransferToDevice {
    /// The buffer to fill.
    pub buffer: BufferId,
    /// What it is to hold.
    pub data: Bytes,
}

/// Reads a buffer back to the host; answered with its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransferFromDevice {
    /// The buffer to read.
    pub buffer: BufferId,
}

/// Waits for everything that was sent to a stream before; answered with [`Done`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Synchronize {
    /// The stream to wait for.
    pub stream: u32,
}

/// A kernel has run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Launched {
    /// How long the kernel itself took.
    pub elapsed: Duration,
}

/// A buffer was filled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// How many bytes it holds now.
    pub stored_bytes: u64,
    /// How many bytes of the device's memory are free now.
    pub free_bytes: u64,
}

/// Why a device did not do what it was told.
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
