//! What the process was started with: descriptors that whoever started it forgot, or left open for others.

use std::os::fd::{AsFd, AsRawFd, RawFd};

use rustix::fs::{Dir, Mode, OFlags, open};

use super::lack_of;
use super::layer::Lack;
use super::raw;

/// Descriptors that the process was started with, besides standard input, output and error.
///
/// The jail closes them when it is [entered](super::Jail::enter), and leaves those that were opened since.
#[derive(Debug)]
pub struct Inherited(Result<Vec<RawFd>, Lack>);

impl Inherited {
    /// Notes which descriptors are open now. That must be done before the process opens anything, first of all in `main`: what is noted
    /// belongs to nobody and will be closed.
    #[must_use]
    pub fn note() -> Self {
        Self(listed().map_err(lack_of))
    }

    /// Leaves this one open.
    #[must_use]
    pub fn but(mut self, kept: impl AsFd) -> Self {
        let kept = kept.as_fd().as_raw_fd();
        if let Ok(numbers) = &mut self.0 {
            numbers.retain(|number| *number != kept);
        }
        self
    }

    pub(super) fn close(self) -> Result<(), Lack> {
        self.0.map(|numbers| numbers.into_iter().for_each(raw::close))
    }
}

fn listed() -> rustix::io::Result<Vec<RawFd>> {
    let folder = open("/proc/self/fd", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let own = folder.as_raw_fd();
    let mut numbers = Vec::new();
    for entry in Dir::new(folder)? {
        let number = entry?.file_name().to_str().ok().and_then(|name| name.parse::<RawFd>().ok());
        numbers.extend(number.filter(|number| *number > 2 && *number != own));
    }
    Ok(numbers)
}
