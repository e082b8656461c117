//! The guest's memory as the host sees it: bytes with bounds, and nothing that panics.

use super::stop::Stop;

/// The linear memory of an instance, for the length of one host call.
pub(crate) struct GuestMemory<'a>(&'a mut [u8]);

/// A pointer and length that do not lie inside the guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfBounds;

impl From<OutOfBounds> for Stop {
    fn from(_: OutOfBounds) -> Self {
        Self::Fault("it passed a pointer outside its memory".to_owned())
    }
}

impl<'a> GuestMemory<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self(bytes)
    }

    /// The `len` bytes at `ptr`.
    pub(crate) fn bytes(&self, ptr: u32, len: u32) -> Result<&[u8], OutOfBounds> {
        let (ptr, len) = (ptr as usize, len as usize);
        self.0.get(ptr..).and_then(|rest| rest.get(..len)).ok_or(OutOfBounds)
    }

    /// The `len` bytes at `ptr`, to be written.
    pub(crate) fn bytes_mut(&mut self, ptr: u32, len: u32) -> Result<&mut [u8], OutOfBounds> {
        let (ptr, len) = (ptr as usize, len as usize);
        self.0.get_mut(ptr..).and_then(|rest| rest.get_mut(..len)).ok_or(OutOfBounds)
    }

    /// A fixed number of bytes at `ptr`.
    pub(crate) fn array<const N: usize>(&self, ptr: u32) -> Result<[u8; N], OutOfBounds> {
        let rest = self.0.get(ptr as usize..).ok_or(OutOfBounds)?;
        rest.first_chunk::<N>().copied().ok_or(OutOfBounds)
    }

    pub(crate) fn u32(&self, ptr: u32) -> Result<u32, OutOfBounds> {
        self.array(ptr).map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&self, ptr: u32) -> Result<u64, OutOfBounds> {
        self.array(ptr).map(u64::from_le_bytes)
    }

    /// Writes `bytes` at `ptr`.
    pub(crate) fn write(&mut self, ptr: u32, bytes: &[u8]) -> Result<(), OutOfBounds> {
        let rest = self.0.get_mut(ptr as usize..).ok_or(OutOfBounds)?;
        rest.get_mut(..bytes.len()).ok_or(OutOfBounds)?.copy_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_pointer_reaches_outside(ptr: u32, len: u32, size in 0usize..4096) {
            let mut bytes = vec![0; size];
            let mut memory = GuestMemory::new(&mut bytes);
            let inside = u64::from(ptr) + u64::from(len) <= size as u64;
            prop_assert_eq!(memory.bytes(ptr, len).is_ok(), inside);
            prop_assert_eq!(memory.bytes_mut(ptr, len).is_ok(), inside);
            prop_assert_eq!(memory.u32(ptr).is_ok(), u64::from(ptr) + 4 <= size as u64);
        }
    }
}
