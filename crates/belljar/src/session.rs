//! A session: state between runs. A one-off run is a session used once.

use std::path::Path;
use std::sync::Arc;

use serde_json::Map;

use crate::admit::{Plan, admit};
use crate::audit::AuditKind;
use crate::blocking::block_on;
use crate::engine::encode::Verb;
use crate::engine::erase::Eraser;
use crate::error::{Error, Result};
use crate::here::Here;
use crate::host::files::{Files, Selection};
use crate::jar::Jar;
use crate::live::Rest;
use crate::outcome::{Applied, FileChange, Outcome};
use crate::request::Request;
use crate::snapshot::{self, Claims};
use crate::told::{self, Running, Telling};
use crate::worker::services::serving::State;
use crate::worker::{Last, RemoteFork, RemoteSession};

/// The most forks that are made at once.
const FORKS_MAX: usize = 100_000;

/// A live instance of a jar. What one run defines, the next one finds.
///
/// A run that has to be cut off leaves the session as it was before that run ([`SessionState::RolledBack`](crate::SessionState::RolledBack)); one that came to its end, failed
/// or stopped when it was asked to, leaves what it changed ([`SessionState::Kept`](crate::SessionState::Kept)). Only code that exits at once (`os._exit`) closes it.
///
/// ```
/// # fn main() -> belljar::Result<()> {
/// use belljar::Jar;
///
/// let session = Jar::open("javascript")?.session()?;
/// session.run_blocking("let total = 1;")?;
/// assert_eq!(session.run_blocking("total += 41")?.value.expect("a number").repr, "42");
/// # Ok(())
/// # }
/// ```
pub struct Session {
    pub(crate) jar: Jar,
    pub(crate) place: Place,
    telling: Telling,
}

/// Where a session is.
pub(crate) enum Place {
    /// In this process.
    Here(Here),
    /// In a worker.
    There(RemoteSession),
}

/// Candidates for what is being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// Where the completed word begins: an offset in bytes.
    pub start: usize,
    /// The candidates, whole words.
    pub candidates: Vec<String>,
}

/// Whether code could be run as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It can be run.
    Complete,
    /// More lines are needed.
    Incomplete,
    /// It is wrong, whatever follows.
    Wrong,
}

impl Session {
    pub(crate) async fn start(jar: Jar) -> Result<Self> {
        let telling = Telling::of_session(None);
        let place = match jar.away() {
            Some((board, known)) => {
                told::session(telling.audit(), jar.image.name(), &jar.limits, &jar.grants);
                Place::There(RemoteSession::start(board, &known, telling.audit()).await?)
            }
            None => Place::Here(Here::start(&jar, telling.audit()).await?),
        };
        Ok(Self { jar, place, telling })
    }

    /// A session that goes on from the body of a snapshot.
    pub(crate) fn restored(jar: Jar, body: &[u8]) -> Result<Self> {
        let telling = Telling::of_session(None);
        let (place, parent) = match jar.away() {
            Some((board, known)) => {
                let state = served_state(&jar, body)?;
                let resumed = RemoteSession::resume(board, (&known, telling.audit()), body, state);
                let (session, parent) = block_on(resumed)?;
                (Place::There(session), parent)
            }
            None => {
                let (rest, parent) = snapshot::unpack(&jar, body)?;
                (Place::Here(Here::at_rest(rest)), parent)
            }
        };
        telling.goes_on_from(&parent);
        told::session(telling.audit(), jar.image.name(), &jar.limits, &jar.grants);
        telling.audit().step(AuditKind::Restore, &parent, None, Map::new());
        Ok(Self { jar, place, telling })
    }

    /// The session that goes on from a body in this process, and what it was called. It tells of nothing: whoever asked for it does.
    pub(crate) fn unpacked(jar: Jar, body: &[u8]) -> Result<(Self, String)> {
        let (rest, name) = snapshot::unpack(&jar, body)?;
        Ok((Self { jar, place: Place::Here(Here::at_rest(rest)), telling: Telling::of_session(None) }, name))
    }

    /// Runs code to its end.
    ///
    /// If the returned future is dropped before it is ready, the code is stopped at once and the session is as it was before.
    ///
    /// # Errors
    ///
    /// When the code was not run: the request was refused, [`Error::Busy`], [`Error::Closed`], [`Error::Full`], [`Error::Suspended`]; or
    /// [`Error::NoImage`], when it is TypeScript and what reads that is not installed. Code that fails has an [`Outcome`].
    pub async fn run(&self, request: impl Into<Request>) -> Result<Outcome> {
        let (plan, eraser) = self.admitted(request.into())?;
        match &self.place {
            Place::Here(here) => here.run((&self.jar, self.telling.audit()), plan, eraser).await,
            Place::There(there) => self.run_there(there, plan, Last::No).await,
        }
    }

    /// Runs code as the last thing that the session does: it is not kept as it was before, which is quicker, and code that is cut off closes
    /// it, with what it wrote until then.
    ///
    /// # Errors
    ///
    /// As for [`Session::run`].
    pub async fn run_last(&self, request: impl Into<Request>) -> Result<Outcome> {
        let (plan, eraser) = self.admitted(request.into())?;
        match &self.place {
            Place::Here(here) => here.run_last((&self.jar, self.telling.audit()), plan, eraser).await,
            Place::There(there) => self.run_there(there, plan, Last::Yes).await,
        }
    }

    async fn run_there(&self, there: &RemoteSession, plan: Plan, last: Last) -> Result<Outcome> {
        let running = Running::begin(self.telling.audit(), &plan);
        let outcome = there.run(plan, last, self.id()).await?;
        running.end(&outcome);
        Ok(outcome)
    }

    /// The same as [`Session::run_last`], on the calling thread.
    ///
    /// # Errors
    ///
    /// As for [`Session::run`].
    pub fn run_last_blocking(&self, request: impl Into<Request>) -> Result<Outcome> {
        block_on(self.run_last(request))
    }

    fn admitted(&self, request: Request) -> Result<(Plan, Option<&Eraser>)> {
        self.admitted_or_not(request).inspect_err(|error| self.telling.refused(error))
    }

    fn admitted_or_not(&self, request: Request) -> Result<(Plan, Option<&Eraser>)> {
        let plan = admit(
            request,
            self.jar.image.language(),
            &self.jar.limits,
            self.jar.grants.environment.as_ref(),
        )?;
        let reads_here = plan.typescript && matches!(self.place, Place::Here(_));
        let eraser = reads_here.then(|| self.jar.eraser()).transpose()?;
        Ok((plan, eraser))
    }

    /// The same as [`Session::run`], on the calling thread.
    ///
    /// # Errors
    ///
    /// As for [`Session::run`].
    pub fn run_blocking(&self, request: impl Into<Request>) -> Result<Outcome> {
        block_on(self.run(request))
    }

    /// What the session is called in audit events: 32 hexadecimal digits, drawn anew for each session.
    #[must_use]
    pub fn id(&self) -> &str {
        self.telling.audit().id()
    }

    /// Whether the session has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        match &self.place {
            Place::Here(here) => here.is_closed(),
            Place::There(there) => there.is_closed(),
        }
    }

    /// The jar that the session was made from.
    #[must_use]
    pub fn jar(&self) -> &Jar {
        &self.jar
    }

    /// What could stand at `cursor`, an offset in bytes into `code`, from the names that the session knows.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] or [`Error::Closed`].
    pub async fn complete(&self, code: &str, cursor: usize) -> Result<Completions> {
        let cursor = cursor.min(code.len());
        let here = match &self.place {
            Place::Here(here) => here,
            Place::There(there) => {
                let (start, candidates) = there.complete(code, cursor).await?;
                return Ok(Completions { start, candidates });
            }
        };
        let cursor = u32::try_from(cursor).unwrap_or(u32::MAX);
        let asked = here.ask((&self.jar, self.telling.audit()), (Verb::Complete, code), |encoder| {
            encoder.cursor(cursor);
        });
        let report = asked.await?;
        let start = report.completion_start.unwrap_or(cursor).min(cursor) as usize;
        let candidates =
            report.completions.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
        Ok(Completions { start, candidates })
    }

    /// The same as [`Session::complete`], on the calling thread.
    ///
    /// # Errors
    ///
    /// As for [`Session::complete`].
    pub fn complete_blocking(&self, code: &str, cursor: usize) -> Result<Completions> {
        block_on(self.complete(code, cursor))
    }

    /// Whether `code` could be run as it is, or needs more lines.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] or [`Error::Closed`].
    pub async fn check(&self, code: &str) -> Result<Completeness> {
        let verdict = match &self.place {
            Place::Here(here) => {
                let asked = here.ask((&self.jar, self.telling.audit()), (Verb::Check, code), |_| {});
                asked.await?.check
            }
            Place::There(there) => Some(there.check(code).await?.into()),
        };
        Ok(match verdict {
            Some(2) => Completeness::Incomplete,
            Some(3) => Completeness::Wrong,
            _ => Completeness::Complete,
        })
    }

    /// The same as [`Session::check`], on the calling thread.
    ///
    /// # Errors
    ///
    /// As for [`Session::check`].
    pub fn check_blocking(&self, code: &str) -> Result<Completeness> {
        block_on(self.check(code))
    }

    /// What the session has changed of directories that are mounted copy-on-write. This works after the session has ended, too.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], or [`Error::Closed`] when nothing is left of the session.
    pub fn changes(&self) -> Result<Vec<FileChange>> {
        self.review(|files| (files.changes(), Kept::Yes))
    }

    /// The changes at and below a path as a unified diff, the host's files on the left; `/` gives all. Files that are no text, or larger
    /// than 1 MiB, are named and not shown.
    ///
    /// # Errors
    ///
    /// As for [`Session::changes`].
    pub fn diff(&self, path: &str) -> Result<String> {
        self.review(|files| (files.diff(path), Kept::Yes))
    }

    /// Applies changes to the host's files, and says what became of each: a change is refused when the host's file is not what it was when
    /// the session first changed it, when something else was put in its place, when its name is protected, or when the machine
    /// refuses. What is refused changes nothing, and the session still has it.
    ///
    /// ```no_run
    /// # fn main() -> belljar::Result<()> {
    /// use belljar::{Grants, Jar, Mount, Selection};
    ///
    /// let grants = Grants::default().mount(Mount::copy_on_write("src", "/work/src"));
    /// let session = Jar::open("python")?.with_grants(grants).session()?;
    /// session.run_blocking("open('/work/src/a.txt', 'w').write('new')")?;
    /// println!("{}", session.diff("/work/src/a.txt")?);
    /// let report = session.apply(&Selection::paths(["/work/src/a.txt"]))?;
    /// assert!(report.refused.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Session::changes`].
    pub fn apply(&self, selection: &Selection) -> Result<Applied> {
        let applied = self.review(|files| (files.apply(selection), Kept::No))?;
        self.telling.applied("apply", &applied);
        Ok(applied)
    }

    /// Writes the files that the code left in `/output` into a directory of the host, which must be there. Nothing is replaced, no link is
    /// followed, and protected names are refused.
    ///
    /// # Errors
    ///
    /// As for [`Session::changes`], and [`Error::Io`] when the directory cannot be opened.
    pub fn save_output(&self, into: impl AsRef<Path>) -> Result<Applied> {
        let saved = self.review(|files| (files.save_output(into.as_ref()), Kept::Yes))??;
        self.telling.applied("save output", &saved);
        Ok(saved)
    }

    /// The session's whole state as bytes, from which [`Jar::restore`] makes a session that goes on from here, in this process or in another.
    ///
    /// Changes of copy-on-write mounts are part of it, and the host's own files are not: directories are mounted anew. A file of the host that is
    /// open is opened anew, if the same file is there then; otherwise whatever the code does with it, but to close it, is an error (`ESTALE`).
    ///
    /// # Errors
    ///
    /// [`Error::NoSnapshotKey`] when the jar has no key to sign it with, [`Error::Busy`] or [`Error::Closed`].
    ///
    /// ```
    /// # fn main() -> belljar::Result<()> {
    /// use belljar::{Jar, SnapshotKey};
    ///
    /// let jar = Jar::open("javascript")?.with_snapshot_key(SnapshotKey::new([7; 32]));
    /// let session = jar.session()?;
    /// session.run_blocking("let total = 40")?;
    /// let bytes = session.snapshot()?;
    /// drop(session);
    /// let outcome = jar.restore(&bytes)?.run_blocking("total + 2")?;
    /// assert_eq!(outcome.value.expect("a number").repr, "42");
    /// # Ok(())
    /// # }
    /// ```
    pub fn snapshot(&self) -> Result<Vec<u8>> {
        if self.jar.snapshot_key.is_none() {
            return Err(Error::NoSnapshotKey);
        }
        let body = self.packed(self.id())?;
        if let Place::There(there) = &self.place
            && let Some(claimed) = served_state(&self.jar, &body)?
        {
            there.vouch(&claimed)?;
        }
        let bytes = snapshot::seal(&self.jar, &body)?;
        self.telling.audit().step(AuditKind::Snapshot, &format!("{} bytes", bytes.len()), None, Map::new());
        Ok(bytes)
    }

    /// Does something with the files, wherever the session is: in this process, which has the grants. With whether they are as they were.
    fn review<T>(&self, act: impl FnOnce(&mut Files) -> (T, Kept)) -> Result<T> {
        match &self.place {
            Place::Here(here) => here.with_files(|files| act(files).0),
            Place::There(there) => there.review(|bytes| {
                let Jar { image, limits, grants, .. } = &self.jar;
                let mut files = Files::handed_over(bytes, limits, image.files(), grants)?;
                files.tell(self.telling.audit());
                match act(&mut files) {
                    (done, Kept::Yes) => Ok((done, None)),
                    (done, Kept::No) => Ok((done, Some(files.hand_over(grants)?))),
                }
            }),
        }
    }

    /// The files of a session in this process.
    pub(crate) fn with_files<T>(&self, act: impl FnOnce(&mut Files) -> T) -> Result<T> {
        match &self.place {
            Place::Here(here) => here.with_files(act),
            Place::There(_) => Err(Error::Internal("the session is in another process".to_owned())),
        }
    }

    /// The body of a snapshot, of a session that is called `name`.
    pub(crate) fn packed(&self, name: &str) -> Result<Arc<[u8]>> {
        match &self.place {
            Place::Here(here) => Ok(snapshot::pack(&self.jar, &here.rest()?, name)?.into()),
            Place::There(there) => there.pack(name),
        }
    }

    /// `count` sessions that go on from here, each on its own, and with randomness of its own. They take up a place when they are first used, and
    /// until then share what they have in common.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`], [`Error::Closed`], or [`Error::TooManyForks`] when more than 100,000 are asked for.
    ///
    /// ```
    /// # fn main() -> belljar::Result<()> {
    /// use belljar::Jar;
    ///
    /// let session = Jar::open("javascript")?.session()?;
    /// session.run_blocking("let n = 1")?;
    /// for fork in session.fork(3)? {
    ///     assert_eq!(fork.run_blocking("n += 1")?.value.expect("a number").repr, "2");
    /// }
    /// assert_eq!(session.run_blocking("n")?.value.expect("a number").repr, "1");
    /// # Ok(())
    /// # }
    /// ```
    pub fn fork(&self, count: usize) -> Result<Vec<Self>> {
        if count > FORKS_MAX {
            return Err(Error::TooManyForks { count, most: FORKS_MAX });
        }
        self.forks(count, |_| self.jar.clone())
    }

    /// The same, each from a jar of its own.
    pub(crate) fn forks(&self, count: usize, jar: impl Fn(u64) -> Jar) -> Result<Vec<Self>> {
        let audit = self.telling.audit();
        let telling = || Telling::of_session(Some(audit.id().to_owned()));
        let forks = match &self.place {
            Place::Here(here) => {
                let rest: Rest = here.rest()?;
                let fork = |number| {
                    let place = Place::Here(Here::at_rest(rest.fork(number)));
                    Self { jar: jar(number), place, telling: telling() }
                };
                (0..count as u64).map(fork).collect()
            }
            Place::There(there) => {
                let fork = |(number, fork): (u64, RemoteFork)| {
                    let telling = telling();
                    let place = Place::There(fork.told_to(telling.audit()));
                    Self { jar: jar(number), place, telling }
                };
                (0..).zip(there.fork(count)?).map(fork).collect()
            }
        };
        audit.step(AuditKind::Fork, &format!("{count} sessions"), None, Map::new());
        Ok(forks)
    }

    /// Gives the session's place to others until it is next used. It keeps what it has, and a copy of its memory's pages.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] or [`Error::Closed`].
    pub fn hibernate(&self) -> Result<()> {
        match &self.place {
            Place::Here(here) => here.hibernate(),
            Place::There(there) => there.hibernate(self.id()),
        }
    }
}

/// Whether files are as they were.
enum Kept {
    Yes,
    No,
}

/// What a snapshot says of what was granted to its session. Most were granted nothing that is worth looking for.
fn served_state(jar: &Jar, body: &[u8]) -> Result<Option<State>> {
    let grants = &jar.grants;
    if grants.mounts.is_empty() && grants.secrets.is_empty() && grants.tools.is_empty() {
        return Ok(None);
    }
    Ok(Some(State::claimed(Claims::of(jar, body)?)))
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("image", &self.jar.image.name()).finish_non_exhaustive()
    }
}
