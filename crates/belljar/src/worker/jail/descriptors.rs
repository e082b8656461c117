//! What the process was started with: descriptors that whoever started it forgot, or left open for others.

use std::os::fd::{AsFd, AsRawFd, RawFd};

use super::layer::Lack;
use super::system;

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
        Self(system::listed())
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
        self.0.map(|numbers| numbers.into_iter().for_each(system::close))
    }
}
