//! Which descriptors are open.

use std::os::fd::{AsRawFd, RawFd};

use rustix::fs::{Dir, Mode, OFlags, open};

use super::lack_of;
use crate::worker::jail::layer::Lack;

/// The open descriptors, besides the first three.
pub(in crate::worker::jail) fn listed() -> Result<Vec<RawFd>, Lack> {
    list().map_err(lack_of)
}

fn list() -> rustix::io::Result<Vec<RawFd>> {
    let folder = open("/proc/self/fd", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let own = folder.as_raw_fd();
    let mut numbers = Vec::new();
    for entry in Dir::new(folder)? {
        let number = entry?.file_name().to_str().ok().and_then(|name| name.parse::<RawFd>().ok());
        numbers.extend(number.filter(|number| *number > 2 && *number != own));
    }
    Ok(numbers)
}
