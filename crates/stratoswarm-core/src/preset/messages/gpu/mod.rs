//! Commands for the device: the channel `gpu`.

mod gpu_command;
mod gpu_fault;
mod kernel_argument;
mod launch_kernel;
mod launched;
mod stored;
mod synchronize;
mod transfer_from_device;
mod transfer_to_device;

pub use gpu_command::{GpuCall, GpuCommand};
pub use gpu_fault::GpuFault;
pub use kernel_argument::KernelArgument;
pub use launch_kernel::LaunchKernel;
pub use launched::Launched;
pub use stored::Stored;
pub use synchronize::Synchronize;
pub use transfer_from_device::TransferFromDevice;
pub use transfer_to_device::TransferToDevice;
