use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of the machine's resources: what a task needs, what an allocation holds, what is free.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::Resources;
///
/// let needs = Resources { memory_bytes: 1 << 20, ..Resources::default() };
/// assert_eq!((needs.cpu_millicores, needs.gpu_memory_bytes), (0, 0));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Resources {
    /// Processor time, in thousandths of a core.
    pub cpu_millicores: u64,
    /// Bytes of main memory.
    pub memory_bytes: u64,
    /// Bytes of the device's memory.
    pub gpu_memory_bytes: u64,
}

/// The amounts in words, for faults.
pub(super) struct Shown<'a>(pub(super) &'a Resources);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Resources { cpu_millicores, memory_bytes, gpu_memory_bytes } = self.0;
        write!(
            f,
            "{cpu_millicores} thousandths of a core, {memory_bytes} bytes of memory, {gpu_memory_bytes} bytes of \
             device memory"
        )
    }
}
