//! Sessions that are copied, kept as bytes, and gone on with. A copy counts when it has answered: before, it may share everything.

use std::time::Instant;

use anyhow::Result;
use belljar::{Jar, Session, SnapshotKey};

use super::{check, ns, prepared, samples};
use crate::protocol::Answer;

/// A copy of the session, its first answer, and its end.
pub(super) fn fork(jar: &Jar, setup: &str, (code, expect): (&str, &str), count: usize) -> Result<Answer> {
    let session = prepared(jar, setup)?;
    samples(count, || {
        let begun = Instant::now();
        let fork = session.fork(1)?.remove(0);
        answer(fork, (code, expect), begun)
    })
}

/// The session as bytes.
pub(super) fn snapshot(jar: &Jar, setup: &str, count: usize) -> Result<Answer> {
    let session = prepared(&signing(jar), setup)?;
    samples(count, || {
        let begun = Instant::now();
        let bytes = session.snapshot()?;
        let took = ns(begun);
        drop(bytes);
        Ok(took)
    })
}

/// A session from bytes, its first answer, and its end.
pub(super) fn restore(jar: &Jar, setup: &str, (code, expect): (&str, &str), count: usize) -> Result<Answer> {
    let jar = signing(jar);
    let bytes = prepared(&jar, setup)?.snapshot()?;
    samples(count, || {
        let begun = Instant::now();
        answer(jar.restore(&bytes)?, (code, expect), begun)
    })
}

/// What came of code as the last thing that a session did, since it was `begun`.
fn answer(session: Session, (code, expect): (&str, &str), begun: Instant) -> Result<i64> {
    let outcome = session.run_last_blocking(code)?;
    drop(session);
    let took = ns(begun);
    check(&outcome, expect)?;
    Ok(took)
}

fn signing(jar: &Jar) -> Jar {
    jar.clone().with_snapshot_key(SnapshotKey::new([7; 32]))
}
