use serde::{Deserialize, Serialize};

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
