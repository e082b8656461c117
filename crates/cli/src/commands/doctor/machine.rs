//! What this machine offers.

use std::fmt;
use std::thread::available_parallelism;

use rustix::process::{Resource, getrlimit};
use rustix::system::uname;
use serde::Serialize;

use belljar::units::Size;

/// What matters to sessions.
#[derive(Serialize)]
pub(crate) struct Machine {
    kernel: String,
    architecture: String,
    cores: usize,
    memory_bytes: Option<u64>,
    memory_available_bytes: Option<u64>,
    /// None: unlimited.
    address_space_bytes: Option<u64>,
}

impl Machine {
    /// Looks at the machine.
    pub(crate) fn look() -> Self {
        let system = uname();
        let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        Self {
            kernel: format!("{} {}", text(system.sysname()), text(system.release())),
            architecture: text(system.machine()),
            cores: available_parallelism().map_or(1, usize::from),
            memory_bytes: meminfo(&memory, "MemTotal:"),
            memory_available_bytes: meminfo(&memory, "MemAvailable:"),
            address_space_bytes: getrlimit(Resource::As).current,
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |bytes: Option<u64>| bytes.map_or("unknown".to_owned(), |bytes| Size(bytes).to_string());
        let space = self.address_space_bytes.map_or("unlimited".to_owned(), |bytes| Size(bytes).to_string());
        writeln!(f, "kernel    {} on {}", self.kernel, self.architecture)?;
        writeln!(f, "cores     {}", self.cores)?;
        writeln!(
            f,
            "memory    {}, {} available",
            size(self.memory_bytes),
            size(self.memory_available_bytes)
        )?;
        write!(f, "addresses {space}; each session reserves 4GiB of them, not of memory")
    }
}

/// A line of `/proc/meminfo`, which counts in KiB.
fn meminfo(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    #[test]
    fn memory_is_read() {
        assert_eq!(super::meminfo("MemTotal:  2 kB\nMemFree: 1 kB\n", "MemFree:"), Some(1024));
        assert_eq!(super::meminfo("", "MemFree:"), None);
    }
}
