//! The bytes of a writable file, in chunks: growing copies nothing, holes cost nothing, and copies of a session share what is the same.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::{ByteBuf, Bytes};

/// The size of a chunk. A smaller last chunk has room for the next power of two.
const CHUNK_BYTES: u32 = 64 * 1024;

/// The bytes of one file.
///
/// A chunk may be absent, or hold fewer bytes than its part of the file: the rest is zero. No chunk ever holds bytes beyond the end
/// of the file, so cutting a file and growing it again brings nothing back.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    size: u64,
    chunks: Vec<Option<Arc<Vec<u8>>>>,
}

impl Content {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The most memory that `size` bytes take up.
    pub(super) fn cost(size: u64) -> u64 {
        let rest = size % u64::from(CHUNK_BYTES);
        let last = if rest == 0 { 0 } else { rest.next_power_of_two() };
        size - rest + last
    }

    /// Reads at `offset`, as many bytes as there are.
    pub(super) fn read(&self, offset: u64, into: &mut [u8]) -> usize {
        let room = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = into.len().min(room);
        let mut rest = &mut into[..count];
        let (mut index, mut from) = place(offset);
        while !rest.is_empty() {
            let (part, next) = rest.split_at_mut(rest.len().min(CHUNK_BYTES as usize - from));
            let chunk = self.chunks.get(index).and_then(Option::as_deref);
            let held = chunk.and_then(|bytes| bytes.get(from..)).unwrap_or_default();
            let (copied, zero) = part.split_at_mut(held.len().min(part.len()));
            copied.copy_from_slice(&held[..copied.len()]);
            zero.fill(0);
            (rest, index, from) = (next, index + 1, 0);
        }
        count
    }

    /// Writes `bytes` at `offset`. The caller has charged the new size.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.grow(offset + bytes.len() as u64);
        let (mut index, mut from) = place(offset);
        let mut rest = bytes;
        while !rest.is_empty() {
            let (part, next) = rest.split_at(rest.len().min(CHUNK_BYTES as usize - from));
            let chunk = Arc::make_mut(self.chunks[index].get_or_insert_default());
            let end = from + part.len();
            if chunk.len() < end {
                chunk.reserve_exact(end.next_power_of_two() - chunk.len());
                chunk.resize(end, 0);
            }
            chunk[from..end].copy_from_slice(part);
            (rest, index, from) = (next, index + 1, 0);
        }
    }

    /// Cuts the file, or lets it grow by a hole. The caller has charged the new size.
    pub(super) fn set_size(&mut self, size: u64) {
        if size >= self.size {
            return self.grow(size);
        }
        let (index, end) = place(size);
        self.size = size;
        self.chunks.truncate(index + usize::from(end > 0));
        if let Some(Some(last)) = self.chunks.get_mut(index) {
            let last = Arc::make_mut(last);
            last.truncate(end);
            last.shrink_to(end.next_power_of_two());
        }
    }

    fn grow(&mut self, size: u64) {
        if size > self.size {
            let (index, end) = place(size);
            self.size = size;
            self.chunks.resize(index + usize::from(end > 0), None);
        }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let chunks = self.chunks.iter().map(|chunk| chunk.as_ref().map(|bytes| Bytes::new(bytes)));
        (self.size, chunks.collect::<Vec<_>>()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (size, chunks) = <(u64, Vec<Option<ByteBuf>>)>::deserialize(deserializer)?;
        let (index, end) = place(size);
        let fits = |(number, chunk): (usize, &Option<ByteBuf>)| {
            let most = if number == index { end } else { CHUNK_BYTES as usize };
            chunk.as_ref().is_none_or(|bytes| bytes.len() <= most)
        };
        if chunks.len() != index + usize::from(end > 0) || !chunks.iter().enumerate().all(fits) {
            return Err(serde::de::Error::custom("the chunks of a file do not fit its size"));
        }
        let chunks = chunks.into_iter().map(|chunk| chunk.map(|bytes| Arc::new(bytes.into_vec()))).collect();
        Ok(Self { size, chunks })
    }
}

/// The chunk that holds the byte at `offset`, and where in it.
fn place(offset: u64) -> (usize, usize) {
    let chunk = u64::from(CHUNK_BYTES);
    let index = usize::try_from(offset / chunk).unwrap_or(usize::MAX);
    (index, usize::try_from(offset % chunk).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Write(u32, Vec<u8>),
        SetSize(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        let at = 0u32..3 * CHUNK_BYTES;
        let bytes = (any::<u8>(), prop_oneof![0usize..20, 60_000usize..70_000]);
        prop_oneof![
            (at.clone(), bytes).prop_map(|(at, (byte, len))| Step::Write(at, vec![byte; len])),
            at.prop_map(Step::SetSize),
        ]
    }

    proptest! {
        /// Content is a growing vector of bytes, at most its cost is allocated, and a copy is not changed by later writes.
        #[test]
        fn content_is_a_vector(steps in prop::collection::vec(step(), 0..12)) {
            let (mut content, mut model) = (Content::default(), Vec::new());
            for step in steps {
                let (before, kept) = (content.clone(), model.clone());
                match step {
                    Step::Write(at, bytes) => {
                        content.write(u64::from(at), &bytes);
                        let end = at as usize + bytes.len();
                        if !bytes.is_empty() {
                            model.resize(end.max(model.len()), 0);
                            model[at as usize..end].copy_from_slice(&bytes);
                        }
                    }
                    Step::SetSize(size) => {
                        content.set_size(u64::from(size));
                        model.resize(size as usize, 0);
                    }
                }
                prop_assert!(all(&content) == model);
                prop_assert!(all(&before) == kept);
                drop(before);
                let held: usize = content.chunks.iter().flatten().map(|chunk| chunk.capacity()).sum();
                prop_assert!(held as u64 <= Content::cost(content.size()));
            }
        }
    }

    fn all(content: &Content) -> Vec<u8> {
        let mut bytes = vec![0xaa; usize::try_from(content.size()).unwrap() + 3];
        let count = content.read(0, &mut bytes);
        bytes.truncate(count);
        bytes
    }
}
