use std::time::Duration;

use stratoswarm_core::messages::EfficiencyMetrics;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// The figures of this machine and this process, as the operating system tells them. What it does not tell is absent.
#[derive(Debug)]
pub struct Machine {
    system: System,
    /// The load is measured between two looks, so the first one shows none.
    looked: bool,
}

impl Machine {
    /// Nothing looked at yet.
    pub fn new() -> Self {
        Self { system: System::new(), looked: false }
    }

    /// Looks at the machine. Reads from the operating system, so not for an async worker.
    pub fn look(&mut self) -> EfficiencyMetrics {
        let cpu_cores =
            std::thread::available_parallelism().ok().and_then(|cores| u32::try_from(cores.get()).ok());
        if !sysinfo::IS_SUPPORTED_SYSTEM {
            return EfficiencyMetrics { cpu_cores, ..EfficiencyMetrics::default() };
        }
        self.system.refresh_memory();
        self.system.refresh_cpu_usage();
        let load = f64::from(self.system.global_cpu_usage()) / 100.0;
        let cpu_load = (self.looked && load.is_finite()).then(|| load.clamp(0.0, 1.0));
        self.looked = true;
        let total = Some(self.system.total_memory()).filter(|&bytes| bytes > 0);
        EfficiencyMetrics {
            cpu_cores,
            cpu_load,
            process_cpu: self.process_cpu(),
            gpu_load: None,
            gpu_memory_used_bytes: None,
            memory_used_bytes: total.map(|_| self.system.used_memory()),
            memory_total_bytes: total,
        }
    }

    fn process_cpu(&mut self) -> Option<Duration> {
        let pid: Pid = sysinfo::get_current_pid().ok()?;
        let what = ProcessRefreshKind::nothing().with_cpu();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, what);
        Some(Duration::from_millis(self.system.process(pid)?.accumulated_cpu_time()))
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_possible_or_absent() {
        let mut machine = Machine::new();
        assert_eq!(machine.look().cpu_load, None, "one look shows no load");
        let figures = machine.look();
        assert!(figures.cpu_load.is_none_or(|load| (0.0..=1.0).contains(&load)));
        assert_eq!(figures.memory_used_bytes.is_some(), figures.memory_total_bytes.is_some());
        assert!(figures.memory_used_bytes <= figures.memory_total_bytes);
        assert_eq!(figures.gpu_load, None, "only a device can tell");
    }
}
