//! What the figures were taken on.

use sysinfo::{CpuRefreshKind, RefreshKind, System};

/// Processor, cores, system and compiler-independent facts of this machine.
#[derive(Debug)]
pub(crate) struct Machine {
    /// The processor's name and the number of its cores that this process may use.
    pub(crate) processor: String,
    /// Operating system and its version.
    pub(crate) system: String,
    /// The date, UTC.
    pub(crate) date: String,
}

impl Machine {
    /// This one.
    pub(crate) fn here() -> Self {
        let system = System::new_with_specifics(RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()));
        let brand = system.cpus().first().map_or("unknown processor", |cpu| cpu.brand()).trim();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let name = System::name().unwrap_or_default();
        let kernel = System::kernel_version().unwrap_or_default();
        Self {
            processor: format!("{brand}, {cores} cores"),
            system: format!("{name}, kernel {kernel}, {}", std::env::consts::ARCH),
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
        }
    }
}
