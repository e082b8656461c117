//! What a snapshot holds: memory as its difference from the image's, and our side of the session; packed with LZ4.
//!
//! Pages are stored as the image's page XOR the session's: what an interpreter changes in a page is a few counters and pointers, so most of
//! the result is zeros.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::SnapshotRefused;
use crate::engine::checkpoint::{Checkpoint, PAGE_BYTES, base_page};
use crate::engine::instance::WASM_PAGE_BYTES;
use crate::error::{Error, Result};
use crate::host::files::frozen::FrozenFiles;
use crate::host::operations::{KeptOperations, Waiting};
use crate::host::random::RandomState;
use crate::host::secrets::Secrets;
use crate::host::time::TimeState;
use crate::host::{Kept, bounded};
use crate::jar::Jar;
use crate::limits::MIB;
use crate::live::Rest;

/// Room for everything that is neither memory nor the content of files.
const REST_BYTES_MAX: u64 = 64 * MIB;

/// The most variables, and the most secrets.
const TEXTS_MAX: usize = 100_000;

/// All but the content of the pages.
#[derive(Serialize, Deserialize)]
struct Body {
    memory_bytes: u64,
    pages: Vec<u32>,
    files: FrozenFiles,
    time: TimeState,
    random: Option<RandomState>,
    #[serde(deserialize_with = "bounded::list::<TEXTS_MAX, _, _>")]
    environment: Vec<String>,
    operations: KeptOperations,
    /// What the guest knows in the place of secrets.
    #[serde(deserialize_with = "bounded::list::<TEXTS_MAX, _, _>")]
    placeholders: Vec<String>,
    held: u64,
    seeded: bool,
    suspended: bool,
    /// What the session was called.
    session: String,
}

/// Packs a session at rest.
pub(crate) fn pack(jar: &Jar, rest: &Rest, session: &str) -> Result<Vec<u8>> {
    let body = Body {
        memory_bytes: rest.memory.memory_bytes,
        pages: rest.memory.pages.clone(),
        files: FrozenFiles::freeze(&rest.kept.files, &jar.grants),
        time: rest.kept.time.state(),
        random: rest.kept.random.as_ref().map(|random| random.state()),
        environment: rest.kept.environment.clone(),
        operations: rest.kept.operations.clone(),
        placeholders: rest.kept.secrets.as_ref().map(|secrets| secrets.placeholders()).unwrap_or_default(),
        held: rest.kept.held.saturating_sub(FrozenFiles::held_by_listings(&rest.kept.files)),
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

/// Unpacks a session at rest. What it says is looked at again, although it was signed.
///
/// # Errors
///
/// [`SnapshotRefused::Content`] when something in it makes no sense, and [`Error::Mount`] when a directory of the host cannot be mounted.
pub(crate) fn unpack(jar: &Jar, packed: &[u8]) -> Result<(Rest, String)> {
    let bytes = decompress(jar, packed)?;
    let (body, pages): (Body, &[u8]) = postcard::take_from_bytes(&bytes).map_err(|_| BROKEN)?;
    let memory = memory(jar, &body, pages)?;
    check(jar, &body)?;
    let kept = Kept {
        files: body.files.thaw(&jar.limits, jar.image.files(), &jar.grants, jar.elsewhere.as_ref())?,
        time: body.time.resume(),
        random: body.random.map(RandomState::resume),
        environment: body.environment,
        operations: body.operations,
        secrets: Secrets::resume(&jar.grants.secrets, body.placeholders),
        held: body.held,
    };
    let rest = Rest { memory: Arc::new(memory), kept, seeded: body.seeded, suspended: body.suspended };
    Ok((rest, body.session))
}

/// What a snapshot says of what was granted to its session.
#[derive(Debug)]
pub(crate) struct Claims {
    /// What was used of each mount's quota, in bytes and files. Empty in a session that has no files yet.
    pub(crate) used: Vec<(u64, u32)>,
    /// What the guest knows in the place of secrets.
    pub(crate) placeholders: Vec<String>,
    /// Calls that its caller is to answer, with their numbers.
    pub(crate) waiting: Vec<(u32, Waiting)>,
}

impl Claims {
    /// Reads them from what a worker has packed, or from what was signed.
    ///
    /// # Errors
    ///
    /// [`SnapshotRefused::Content`] when it cannot be read.
    pub(crate) fn of(jar: &Jar, packed: &[u8]) -> Result<Self> {
        let bytes = decompress(jar, packed)?;
        let (body, _): (Body, _) = postcard::take_from_bytes(&bytes).map_err(|_| BROKEN)?;
        let waiting = body.operations.waiting().map(|(id, waiting)| (id, waiting.clone())).collect();
        Ok(Self { used: body.files.used().to_vec(), placeholders: body.placeholders, waiting })
    }
}

fn decompress(jar: &Jar, packed: &[u8]) -> Result<Vec<u8>, SnapshotRefused> {
    let most = jar.limits.memory_bytes + jar.limits.files_bytes + REST_BYTES_MAX;
    let (size, _) = lz4_flex::block::uncompressed_size(packed).map_err(|_| BROKEN)?;
    if size as u64 > most {
        return Err(SnapshotRefused::Content("it is larger than the limits allow"));
    }
    lz4_flex::decompress_size_prepended(packed).map_err(|_| BROKEN)
}

/// What must be so in a snapshot of a session of this jar, besides its memory and files.
fn check(jar: &Jar, body: &Body) -> Result<(), SnapshotRefused> {
    let of = |is_so: bool, what| if is_so { Ok(()) } else { Err(SnapshotRefused::Content(what)) };
    let is_repeatable = jar.grants.seed.is_some();
    of(body.random.is_some() == is_repeatable, "its randomness is of another kind")?;
    of(body.time.is_repeatable() == is_repeatable, "its clock is of another kind")?;
    let is_variable = |variable: &String| variable.contains('=') && !variable.contains('\0');
    of(body.environment.iter().all(is_variable), "its environment is none")?;
    let has_placeholders = body.placeholders.len() == jar.grants.secrets.len()
        && body.placeholders.iter().all(|placeholder| Secrets::is_placeholder(placeholder));
    of(has_placeholders, "its secrets are others")?;
    of(
        body.operations.waits_for(|tool| {
            jar.grants.tools.get(tool).is_some_and(|tool| tool.tool.work.is_of_the_caller())
        }),
        "it waits for tools that are not there",
    )
}

const BROKEN: SnapshotRefused = SnapshotRefused::Content("it cannot be unpacked");

fn memory(jar: &Jar, body: &Body, differences: &[u8]) -> Result<Checkpoint, SnapshotRefused> {
    let memory_bytes = body.memory_bytes;
    let in_order = body.pages.is_sorted_by(|one, next| one < next);
    let end = body.pages.last().map_or(0, |page| (u64::from(*page) + 1) * PAGE_BYTES as u64);
    let whole = memory_bytes.max(jar.image.memory().len() as u64).checked_next_multiple_of(WASM_PAGE_BYTES);
    let needed = whole.and_then(|whole| whole.checked_add(body.held));
    let fits = needed.is_some_and(|needed| needed <= jar.limits.memory_bytes);
    if !fits || end > memory_bytes || !in_order {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::grants::Grants;
    use crate::limits::Limits;
    use crate::mount::Mount;
    use crate::session::Session;
    use crate::snapshot::SnapshotKey;
    use crate::tool::Tool;

    /// A jar with a mount and a tool, and the body of a snapshot of it, not packed.
    fn jar_and_body() -> (tempfile::TempDir, Jar, Vec<u8>) {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("a.txt"), "a").unwrap();
        let grants = Grants::default()
            .mount(Mount::copy_on_write(place.path(), "/work/src"))
            .file("/data/given", *b"given")
            .tool(Tool::answered_by_caller("ask"))
            .unwrap();
        let limits = Limits { memory_bytes: 16 * MIB, files_bytes: MIB, ..Limits::default() };
        let jar = Jar::open("microjs").unwrap().with_limits(limits).unwrap().with_grants(grants);
        let jar = jar.with_snapshot_key(SnapshotKey::new([1; 32]));
        let session = jar.session().unwrap();
        session.run_blocking("var n = 1").unwrap();
        let sealed = session.snapshot().unwrap();
        let body = crate::snapshot::seal::body_of(&sealed);
        let bytes = lz4_flex::decompress_size_prepended(body).unwrap();
        (place, jar, bytes)
    }

    #[test]
    fn what_was_unpacked_is_packed_to_the_same_bytes() {
        for (image, code) in [
            ("python", "names = {str(n): [n] for n in range(20000)}"),
            (
                "javascript",
                "var names = new Map(); for (let i = 0; i < 20000; i++) names.set(String(i), [i])",
            ),
            ("microjs", "var big = []; for (var i = 0; i < 70000; i++) big.push(i); 0"),
        ] {
            let jar = Jar::open(image).unwrap().with_grants(Grants::default().seed(3));
            let jar = jar.with_snapshot_key(SnapshotKey::new([1; 32]));
            let session = jar.session().unwrap();
            assert!(session.run_blocking(code).unwrap().error.is_none(), "{image}");
            let sealed = session.snapshot().unwrap();
            let body = crate::snapshot::seal::body_of(&sealed);
            let (rest, parent) = unpack(&jar, body).unwrap();
            assert!(pack(&jar, &rest, &parent).unwrap() == body, "{image}");
        }
    }

    #[test]
    fn whatever_is_changed_in_a_body_is_refused_or_can_be_gone_on_with() {
        let (_place, jar, body) = jar_and_body();
        let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
        // What is not memory lies at the beginning.
        let interesting = (body.len() % PAGE_BYTES).max(64);
        proptest!(ProptestConfig::with_cases(3000), |(changes in changes, cut in 0usize..20)| {
            let mut changed = body.clone();
            for (at, byte) in changes {
                changed[at.index(interesting)] = byte;
            }
            if cut == 0 {
                changed.truncate(interesting / 2);
            }
            match Session::unpacked(jar.clone(), &lz4_flex::compress_prepend_size(&changed)) {
                Ok((session, _)) => {
                    let run = session.run_blocking("1");
                    prop_assert!(!matches!(run, Err(Error::Internal(_))), "{:?}", run);
                }
                Err(Error::Snapshot(SnapshotRefused::Content(_))) => {}
                Err(other) => prop_assert!(false, "it is refused for another reason: {}", other),
            }
        });
    }

    #[test]
    fn sizes_beyond_the_limits_are_refused_before_anything_is_allocated() {
        let (_place, jar, _) = jar_and_body();
        for size in [u32::MAX, 1 << 30] {
            let mut packed = size.to_le_bytes().to_vec();
            packed.extend_from_slice(&[0; 64]);
            let refused = unpack(&jar, &packed).unwrap_err();
            assert!(refused.to_string().ends_with("it is larger than the limits allow"), "{refused}");
        }
    }
}
