//! Standard input: what the caller passes in, and the end of file otherwise.

use std::fmt;
use std::io::Read;

use super::memory::GuestMemory;
use super::stop::Stop;

/// The most that one read hands over, so that a guest's size never decides what the host allocates or waits for.
const READ_BYTES_MAX: u32 = 64 * 1024;

/// Where standard input comes from.
pub(crate) struct Input(Box<dyn Read + Send>);

impl Input {
    pub(crate) fn empty() -> Self {
        Self(Box::new(std::io::empty()))
    }

    pub(crate) fn from_reader(reader: Box<dyn Read + Send>) -> Self {
        Self(reader)
    }

    /// Reads at most `len` bytes to `ptr`. A source that fails counts as ended.
    pub(crate) fn read(&mut self, memory: &mut GuestMemory<'_>, ptr: u32, len: u32) -> Result<u32, Stop> {
        let room = memory.bytes_mut(ptr, len.min(READ_BYTES_MAX))?;
        let count = self.0.read(room).unwrap_or(0);
        Ok(u32::try_from(count).unwrap_or(0))
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Input")
    }
}
