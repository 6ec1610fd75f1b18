use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{BufferId, Done};

crate::protocol! {
    /// Commands for a device that computes over buffers of its own memory.
    ///
    /// Commands of one stream take effect in the order in which they were sent; transfers belong to no stream.
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

/// A scalar argument of a kernel.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::{GpuFault, KernelArgument};
///
/// fn scale(arguments: &[KernelArgument]) -> Result<f64, GpuFault> {
///     match arguments {
///         [KernelArgument::Unsigned(n), KernelArgument::Float(factor)] => Ok(*n as f64 * factor),
///         _ => Err(GpuFault::InvalidLaunch { name: "scale".into(), reason: "takes a number and a factor".into() }),
///     }
/// }
/// assert_eq!(scale(&[KernelArgument::Unsigned(4), KernelArgument::Float(0.5)]), Ok(2.0));
/// assert!(scale(&[KernelArgument::Signed(-1)]).is_err());
/// ```
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

/// Waits for everything that was sent to a stream before; answered with [`Done`].
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
