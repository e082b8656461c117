//! The front door: an image with limits and grants, everything that is needed to run code.

use std::path::PathBuf;
use std::sync::Arc;

use crate::admit::{Plan, admit, narrow};
use crate::baking::{Baked, Baking};
use crate::blocking::block_on;
use crate::engine::erase::Eraser;
use crate::engine::image::{Image, Language};
use crate::engine::pages;
use crate::engine::runtime::{Counting, Runtime};
use crate::error::{Error, Result};
use crate::grants::Grants;
use crate::host::elsewhere::Elsewhere;
use crate::limits::Limits;
use crate::live::Live;
use crate::outcome::Outcome;
use crate::request::Request;
use crate::session::Session;
use crate::snapshot::{self, SnapshotKey};
use crate::told::{self, Running, Telling};
use crate::typescript::Types;
use crate::worker::{self, Board, ImagePlace, JarParts, Kind, KnownJar, Remote, Workers};

/// An image, limits and grants. Nothing is running yet. Cheap to clone.
///
/// ```
/// # fn main() -> belljar::Result<()> {
/// use belljar::{Ended, Jar, Limits};
///
/// let jar = Jar::open("javascript")?.with_limits(Limits { time_ms: 100, ..Limits::default() })?;
/// assert_eq!(jar.run_blocking("while (true) {}")?.ended, Ended::TimeLimit);
/// assert_eq!(jar.run_blocking("6 * 7")?.value.expect("a number").repr, "42");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Jar {
    pub(crate) image: Image,
    pub(crate) limits: Arc<Limits>,
    pub(crate) grants: Arc<Grants>,
    pub(crate) types: Arc<Types>,
    pub(crate) snapshot_key: Option<SnapshotKey>,
    /// Where its code runs, if not in this process.
    remote: Option<Remote>,
    /// The process that serves what is granted to a session of this jar, if it is not this one.
    pub(crate) elsewhere: Option<Arc<dyn Elsewhere>>,
}

impl Jar {
    /// A jar from the image `name` (`python`, `javascript`, `microjs`), with the default limits and without grants.
    ///
    /// # Errors
    ///
    /// [`Error::NoImage`] when it is not installed, [`Error::Image`] when it cannot be trusted.
    pub fn open(name: &str) -> Result<Self> {
        Self::new(Image::open(&Runtime::shared()?, name)?)
    }

    /// A jar from an image that was opened before.
    ///
    /// # Errors
    ///
    /// [`Error::NoEngine`] when the image is no engine; [`Error::LimitOutOfRange`] when it needs more memory than the default limits give.
    pub fn new(image: Image) -> Result<Self> {
        if image.language() == Language::TypeScript {
            return Err(Error::NoEngine { name: image.name().to_owned() });
        }
        let types = Arc::new(Types::beside(image.clone()));
        let (limits, grants) = (Arc::default(), Arc::default());
        let (snapshot_key, remote, elsewhere) = (None, None, None);
        let jar = Self { image, limits, grants, types, snapshot_key, remote, elsewhere };
        jar.with_limits(Limits::default())
    }

    /// The same jar with other limits.
    ///
    /// # Errors
    ///
    /// [`Error::LimitOutOfRange`] names the first limit that makes no sense, and its range.
    pub fn with_limits(mut self, limits: Limits) -> Result<Self> {
        limits.check()?;
        let least = self.image.memory_bytes_min();
        if limits.memory_bytes < least {
            let (value, most) = (limits.memory_bytes, crate::limits::MEMORY_BYTES_CEILING);
            return Err(Error::LimitOutOfRange { limit: "memory_bytes", value, least, most });
        }
        self.limits = Arc::new(limits);
        Ok(self.changed())
    }

    /// The same jar with other grants.
    #[must_use]
    pub fn with_grants(mut self, grants: Grants) -> Self {
        self.grants = Arc::new(grants);
        self.changed()
    }

    /// The same jar with a key for snapshots of its sessions.
    #[must_use]
    pub fn with_snapshot_key(mut self, key: SnapshotKey) -> Self {
        self.snapshot_key = Some(key);
        self.changed()
    }

    /// The same jar, whose code runs in `workers` instead of in this process. Everything else is as it was.
    ///
    /// Workers that can run it are started, and it is waited for the first of them.
    ///
    /// # Errors
    ///
    /// [`Error::WorkerProgram`] and [`Error::WorkerVersion`] when the program cannot be a worker, [`Error::Io`] when the machine lacks something that
    /// a process needs, and [`Error::WorkersStopped`].
    pub fn in_workers(mut self, workers: &Workers) -> Result<Self> {
        self.remote = Some(Remote::new(workers));
        if let Some((board, known)) = self.away() {
            block_on(known.ready(board))?;
        }
        Ok(self)
    }

    /// What workers knew of it is not so any more.
    fn changed(mut self) -> Self {
        self.remote = self.remote.map(Remote::anew);
        self
    }

    /// Where its code runs, and what is known of it there; none if that is this process.
    pub(crate) fn away(&self) -> Option<(&Arc<Board>, Arc<KnownJar>)> {
        let remote = self.remote.as_ref()?;
        Some((remote.board(), remote.known(|| self.parts())))
    }

    fn parts(&self) -> JarParts {
        let Self { image, limits, grants, .. } = self;
        let kind = Kind { image: *image.id().as_bytes(), counts_fuel: self.counting() == Counting::Fuel };
        let image = ImagePlace { name: image.name().to_owned(), shelf: image.shelf().to_owned() };
        let tenant = self.snapshot_key.as_ref().map_or("", SnapshotKey::tenant_name).into();
        JarParts { kind, limits: Arc::clone(limits), grants: Arc::clone(grants), image, tenant }
    }

    /// The image.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The grants.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// A new session: an instance of the image, with fresh randomness.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] when the runtime has no place for another one; [`Error::Mount`] when a directory cannot be mounted,
    /// [`Error::FilePath`] when a file cannot be placed.
    pub fn session(&self) -> Result<Session> {
        block_on(Session::start(self.clone()))
    }

    /// The session that `snapshot` was taken of ([`Session::snapshot`]). It goes on from there, with fresh randomness unless it is repeatable, and takes up
    /// a place when it is first used.
    ///
    /// # Errors
    ///
    /// [`Error::NoSnapshotKey`] when this jar has no key, [`Error::Snapshot`] with the reason when the snapshot was changed, or taken with another key,
    /// image, tenant, or under other limits or grants, and [`Error::Mount`] when a directory cannot be mounted.
    pub fn restore(&self, snapshot: &[u8]) -> Result<Session> {
        Session::restored(self.clone(), snapshot::open(self, snapshot)?)
    }

    /// Runs code in a session of its own, which is dropped afterwards, with what it wrote in memory. To read, save or apply that, run the
    /// code in a [`Session`] and ask the session.
    ///
    /// # Errors
    ///
    /// When the code was not run at all. Code that fails has an [`Outcome`].
    pub async fn run(&self, request: impl Into<Request>) -> Result<Outcome> {
        let telling = Telling::of_session(None);
        let (jar, plan) = self.planned(request.into()).inspect_err(|error| telling.refused(error))?;
        if let Some((board, known)) = self.away() {
            told::session(telling.audit(), jar.image.name(), &jar.limits, &jar.grants);
            let running = Running::begin(telling.audit(), &plan);
            let outcome = worker::run_once(board, (&known, telling.audit()), plan).await?;
            running.end(&outcome);
            return Ok(outcome);
        }
        let eraser = plan.typescript.then(|| jar.eraser()).transpose()?;
        Ok(Live::start(&jar, telling.audit()).await?.run(plan, eraser).await)
    }

    /// What a run of its own comes to: a jar with its limits, and its plan.
    fn planned(&self, mut request: Request) -> Result<(Self, Plan)> {
        let mut jar = self.clone();
        // A session of its own has the limits of its only run.
        if let Some(asked) = request.limits.take() {
            jar = jar.with_limits(narrow(asked, &self.limits)?)?;
        }
        if request.answers.is_some() {
            return Err(Error::NotSuspended);
        }
        let variables = jar.grants.environment.as_ref();
        let plan = admit(request, jar.image.language(), &jar.limits, variables)?;
        Ok((jar, plan))
    }

    /// The same as [`Jar::run`], on the calling thread.
    ///
    /// # Errors
    ///
    /// As for [`Jar::run`].
    pub fn run_blocking(&self, request: impl Into<Request>) -> Result<Outcome> {
        block_on(self.run(request))
    }

    /// The jar's tools as its language declares them, for whoever writes the code: a Python stub, or TypeScript declarations.
    #[must_use]
    pub fn tool_stubs(&self) -> String {
        let language = self.image.language();
        let stubs: Vec<String> = self.grants.tools.values().map(|tool| tool.tool.stub(language)).collect();
        stubs.join("\n")
    }

    /// Loads the machine code now instead of at the first session, and opens whatever else sessions use of the machine besides their grants: what reads
    /// TypeScript, where the jar runs JavaScript and that is installed. After that, sessions can begin in a [`Jail`](crate::Jail).
    ///
    /// # Errors
    ///
    /// [`Error::Image`] when the machine code cannot be mapped.
    pub fn warm(&self) -> Result<()> {
        self.image.code(self.counting())?;
        pages::prepare();
        match self.image.language() {
            Language::JavaScript => match self.types.eraser() {
                Err(error) if !matches!(error, Error::NoImage { .. }) => Err(error),
                _ => Ok(()),
            },
            Language::Python | Language::TypeScript => Ok(()),
        }
    }

    /// What tells the limits and grants of this jar from all others.
    pub(crate) fn policy_id(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let limits = serde_json::to_vec(&*self.limits).expect("limits are numbers and names, which JSON has");
        hasher.update(&limits);
        self.grants.identify(&mut hasher);
        *hasher.finalize().as_bytes()
    }

    /// What takes the types out of TypeScript.
    pub(crate) fn eraser(&self) -> Result<&Eraser> {
        self.types.eraser()
    }

    pub(crate) fn counting(&self) -> Counting {
        if self.limits.fuel.is_some() { Counting::Fuel } else { Counting::Nothing }
    }
}

impl std::fmt::Debug for Jar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jar")
            .field("image", &self.image)
            .field("limits", &self.limits)
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

/// Makes the image of an engine, a folder that the engine's recipe left, and puts it under `images`.
///
/// # Errors
///
/// When the engine cannot be read, started, frozen or compiled, or the image cannot be written.
pub fn build_image(engine: &std::path::Path, images: &std::path::Path) -> Result<()> {
    crate::engine::bake::bake(&Runtime::shared()?, engine, images)
}

/// Makes the image `name` from another image and packages, and puts it under `images`. Sessions of it start as fast as those of the other one, with
/// the packages imported.
///
/// The code of the packages runs while the image is made: in the jar, within the limits of `baking`, and with nothing of the host in reach.
///
/// # Errors
///
/// [`Error::Bake`] when it cannot be made: the packages used up their limits or ended the engine, or the names do not fit. A module that raises
/// an error is no reason: [`Baked::not_imported`] tells of it.
pub fn bake_image(from: &Image, name: &str, baking: &Baking, images: &std::path::Path) -> Result<Baked> {
    crate::engine::bake::bake_packages(from, name, baking, images)
}

/// Removes the image `name` from `images`. Whether it was there. Sessions of it that live go on.
///
/// # Errors
///
/// When its files cannot be removed.
pub fn remove_image(name: &str, images: &std::path::Path) -> Result<bool> {
    crate::engine::bake::remove(&Runtime::shared()?, name, images)
}

/// Opens the image `name` in one of `folders` instead of where images are usually kept.
///
/// # Errors
///
/// As for [`Image::open`].
pub fn open_image_in(name: &str, folders: &[PathBuf]) -> Result<Image> {
    Image::open_in(&Runtime::shared()?, name, folders)
}
