//! The sessions of a worker, by the numbers that the parent gives them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use crate::error::{Error, Result};
use crate::jar::Jar;
use crate::outcome::Outcome;
use crate::request::Request;
use crate::session::{Completeness, Session};
use crate::worker::frame::{Call, Reply};
use crate::worker::services::far::Far;

/// All of them.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Table>);

#[derive(Default)]
struct Table {
    kept: HashMap<u64, Arc<Session>>,
    /// Who has its turn with each, or waits for it.
    turns: HashMap<u64, Weak<tokio::sync::Mutex<()>>>,
    /// How many calls are going on that make some.
    making: usize,
    /// Those that ended before they were made. Empty while none are.
    gone: HashSet<u64>,
}

/// Sessions that are being made.
struct Making<'a>(&'a Sessions);

impl Drop for Making<'_> {
    fn drop(&mut self) {
        let mut table = self.0.lock();
        table.making -= 1;
        if table.making == 0 {
            table.gone.clear();
        }
    }
}

impl Sessions {
    /// Waits until no other call goes on in this one.
    pub(super) async fn turn(&self, number: u64) -> OwnedMutexGuard<()> {
        let turn = {
            let mut table = self.lock();
            let known = table.turns.get(&number).and_then(Weak::upgrade);
            let turn = known.unwrap_or_default();
            table.turns.retain(|_, turn| turn.strong_count() > 0);
            table.turns.insert(number, Arc::downgrade(&turn));
            turn
        };
        turn.lock_owned().await
    }

    /// Begins one.
    pub(super) async fn start(&self, number: u64, jar: Jar) -> Result<Reply> {
        let _making = self.making();
        let session = Session::start(jar).await?;
        self.keep(number, session);
        Ok(Reply::Nothing)
    }

    /// Goes on from a packed one.
    pub(super) fn resume(&self, number: u64, jar: Jar, body: &[u8]) -> Result<Reply> {
        let _making = self.making();
        let (session, name) = Session::unpacked(jar, body)?;
        self.keep(number, session);
        Ok(Reply::Bytes(name.into_bytes()))
    }

    /// Makes `count` more of one, numbered from `first`, each with its own way to the parent.
    pub(super) fn fork(
        &self,
        number: u64,
        (first, count): (u64, u64),
        far: impl Fn(u64) -> Arc<Far>,
    ) -> Result<Reply> {
        let _making = self.making();
        let session = self.get(number)?;
        let jar = |number: u64| {
            let mut jar = session.jar().clone();
            jar.elsewhere = Some(far(first + number));
            jar
        };
        let forks = session.forks(usize::try_from(count).unwrap_or(usize::MAX), jar)?;
        (first..).zip(forks).for_each(|(number, fork)| self.keep(number, fork));
        Ok(Reply::Nothing)
    }

    /// Runs code in one.
    pub(super) async fn run(&self, number: u64, request: Request, is_last: bool) -> Result<Outcome> {
        let session = self.get(number)?;
        if is_last { session.run_last(request).await } else { session.run(request).await }
    }

    /// Everything else that can be asked of a session.
    pub(super) async fn act(&self, number: u64, what: Call) -> Result<Reply> {
        let session = self.get(number)?;
        Ok(match what {
            Call::Complete { code, cursor, .. } => {
                let found = session.complete(&code, usize::try_from(cursor).unwrap_or(usize::MAX)).await?;
                Reply::Completions { start: found.start as u64, candidates: found.candidates }
            }
            Call::Check { code, .. } => Reply::Completeness(match session.check(&code).await? {
                Completeness::Complete => 1,
                Completeness::Incomplete => 2,
                Completeness::Wrong => 3,
            }),
            Call::ReadFile { path, .. } => Reply::Bytes(session.read_file(&path)?),
            Call::WriteFile { path, content, .. } => {
                session.write_file(&path, &content)?;
                Reply::Nothing
            }
            Call::ListFiles { path, .. } => Reply::Entries(session.list_files(&path)?),
            Call::Pack { name, .. } => Reply::Bytes(session.packed(&name)?.to_vec()),
            Call::HandOver { .. } => {
                let grants = &session.jar().grants;
                Reply::Bytes(session.with_files(|files| files.hand_over(grants))??)
            }
            Call::TakeBack { files: bytes, .. } => {
                let jar = session.jar();
                let (limits, elsewhere) = (&jar.limits, jar.elsewhere.as_ref());
                session.with_files(|files| files.take_back(&bytes, limits, &jar.grants, elsewhere))??;
                Reply::Nothing
            }
            _ => return Err(Error::Internal("that is asked of no session".to_owned())),
        })
    }

    /// A session has ended. What goes on in it ends first.
    pub(super) fn remove(&self, number: u64) {
        let mut table = self.lock();
        let removed = table.kept.remove(&number);
        if removed.is_none() && table.making > 0 {
            table.gone.insert(number);
        }
        // Letting go of memory takes its time.
        drop(table);
        drop(removed);
    }

    fn making(&self) -> Making<'_> {
        self.lock().making += 1;
        Making(self)
    }

    fn keep(&self, number: u64, session: Session) {
        let mut table = self.lock();
        if !table.gone.remove(&number) {
            table.kept.insert(number, Arc::new(session));
        }
    }

    fn get(&self, number: u64) -> Result<Arc<Session>> {
        self.lock().kept.get(&number).cloned().ok_or(Error::Closed)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
