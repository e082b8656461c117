//! What a snapshot holds: memory as its difference from the image's, and our side of the session; packed with LZ4.
//!
//! Pages are stored as the image's page XOR the session's: what an interpreter changes in a page is a few counters and pointers, so most of
//! the result is zeros.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::SnapshotRefused;
use crate::engine::checkpoint::{Checkpoint, PAGE_BYTES, base_page};
use crate::error::{Error, Result};
use crate::host::Kept;
use crate::host::files::frozen::FrozenFiles;
use crate::host::operations::KeptOperations;
use crate::host::random::RandomState;
use crate::host::secrets::Secrets;
use crate::host::time::TimeState;
use crate::jar::Jar;
use crate::limits::MIB;
use crate::live::Rest;

/// Room for everything that is neither memory nor the content of files.
const REST_BYTES_MAX: u64 = 64 * MIB;

/// All but the content of the pages.
#[derive(Serialize, Deserialize)]
struct Body {
    memory_bytes: u64,
    pages: Vec<u32>,
    files: FrozenFiles,
    time: TimeState,
    random: Option<RandomState>,
    environment: Vec<String>,
    operations: KeptOperations,
    /// What the guest knows in the place of secrets.
    placeholders: Vec<String>,
    held: u64,
    seeded: bool,
    suspended: bool,
    /// What the session was called.
    session: String,
}

/// Packs a session at rest.
pub(super) fn pack(jar: &Jar, rest: &Rest, session: &str) -> Result<Vec<u8>> {
    let body = Body {
        memory_bytes: rest.memory.memory_bytes,
        pages: rest.memory.pages.clone(),
        files: FrozenFiles::freeze(&rest.kept.files, &jar.grants)?,
        time: rest.kept.time.state(),
        random: rest.kept.random.as_ref().map(|random| random.state()),
        environment: rest.kept.environment.clone(),
        operations: rest.kept.operations.clone(),
        placeholders: rest.kept.secrets.as_ref().map(|secrets| secrets.placeholders()).unwrap_or_default(),
        held: rest.kept.held,
        // In a session whose randomness is fresh, what goes on from here is seeded anew.
        seeded: rest.seeded && rest.kept.random.is_some(),
        suspended: rest.suspended,
        session: session.to_owned(),
    };
    let mut bytes = postcard::to_stdvec(&body).map_err(|error| Error::Internal(error.to_string()))?;
    bytes.reserve_exact(rest.memory.content.len());
    for (page, content) in rest.memory.pages() {
        differ(base_page(jar.image.memory(), page), content, &mut bytes);
    }
    Ok(lz4_flex::compress_prepend_size(&bytes))
}

/// Unpacks a session at rest.
///
/// # Errors
///
/// [`SnapshotRefused::Content`] when a number in it makes no sense.
pub(crate) fn unpack(jar: &Jar, packed: &[u8]) -> Result<(Rest, String), SnapshotRefused> {
    let most = jar.limits.memory_bytes + jar.limits.files_bytes + REST_BYTES_MAX;
    let (size, _) = lz4_flex::block::uncompressed_size(packed).map_err(|_| BROKEN)?;
    if size as u64 > most {
        return Err(SnapshotRefused::Content("it is larger than the limits allow"));
    }
    let bytes = lz4_flex::decompress_size_prepended(packed).map_err(|_| BROKEN)?;
    let (body, pages): (Body, &[u8]) = postcard::take_from_bytes(&bytes).map_err(|_| BROKEN)?;
    let memory = memory(jar, &body, pages)?;
    let kept = Kept {
        files: body
            .files
            .thaw(&jar.limits, jar.image.files(), &jar.grants)
            .map_err(SnapshotRefused::Content)?,
        time: body.time.resume(),
        random: body.random.map(RandomState::resume),
        environment: body.environment,
        operations: body.operations,
        secrets: Secrets::resume(&jar.grants.secrets, body.placeholders),
        held: body.held.min(jar.limits.memory_bytes),
    };
    let rest = Rest { memory: Arc::new(memory), kept, seeded: body.seeded, suspended: body.suspended };
    Ok((rest, body.session))
}

const BROKEN: SnapshotRefused = SnapshotRefused::Content("it cannot be unpacked");

fn memory(jar: &Jar, body: &Body, differences: &[u8]) -> Result<Checkpoint, SnapshotRefused> {
    let memory_bytes = body.memory_bytes;
    let in_order = body.pages.is_sorted_by(|one, next| one < next);
    let end = body.pages.last().map_or(0, |page| (u64::from(*page) + 1) * PAGE_BYTES as u64);
    if memory_bytes > jar.limits.memory_bytes || end > memory_bytes || !in_order {
        return Err(SnapshotRefused::Content("its memory does not fit"));
    }
    if differences.len() != body.pages.len() * PAGE_BYTES {
        return Err(SnapshotRefused::Content("pages are missing"));
    }
    let mut content = Vec::with_capacity(differences.len());
    for (page, difference) in body.pages.iter().zip(differences.chunks_exact(PAGE_BYTES)) {
        differ(base_page(jar.image.memory(), *page as usize), difference, &mut content);
    }
    Ok(Checkpoint { memory_bytes, pages: body.pages.clone(), content })
}

/// Appends `one` XOR `other`.
fn differ(one: &[u8], other: &[u8], to: &mut Vec<u8>) {
    to.extend(one.iter().zip(other).map(|(one, other)| one ^ other));
}
