//! What the machine says about this process.
#![allow(dead_code, reason = "every test program uses a part of its own")]

use std::fs;

/// Memory that this process has in RAM, in bytes.
pub(crate) fn resident_bytes() -> u64 {
    status("VmRSS:")
}

/// The most memory that this process had in RAM since [`forget_peak`], in bytes.
pub(crate) fn peak_bytes() -> u64 {
    status("VmHWM:")
}

/// Begins to measure the peak anew.
pub(crate) fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").expect("the peak can be reset");
}

fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").expect("the process has a status");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("the status has that line");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("it is a number of kB");
    kib * 1024
}
