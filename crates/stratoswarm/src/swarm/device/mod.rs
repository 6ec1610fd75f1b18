//! The device: an executor on the CPU that runs named kernels over buffers of a memory of its own.

mod arena;
mod executor;
mod kernel;
mod kernel_arguments;
mod streams;

pub use arena::Arena;
pub use executor::Device;
pub use kernel::Kernel;
pub use kernel_arguments::KernelArguments;
pub use streams::Streams;
