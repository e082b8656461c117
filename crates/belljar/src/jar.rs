//! The front door: an image with limits and grants, everything that is needed to run code.

use std::path::PathBuf;
use std::sync::Arc;

use crate::admit::narrow;
use crate::blocking::block_on;
use crate::engine::image::Image;
use crate::engine::runtime::{Counting, Runtime};
use crate::error::{Error, Result};
use crate::grants::Grants;
use crate::limits::Limits;
use crate::outcome::Outcome;
use crate::request::Request;
use crate::session::Session;

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
#[derive(Clone, Debug)]
pub struct Jar {
    pub(crate) image: Image,
    pub(crate) limits: Arc<Limits>,
    pub(crate) grants: Arc<Grants>,
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
    /// [`Error::LimitOutOfRange`] when the image needs more memory than the default limits give.
    pub fn new(image: Image) -> Result<Self> {
        let jar = Self { image, limits: Arc::default(), grants: Arc::default() };
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
        Ok(self)
    }

    /// The same jar with other grants.
    #[must_use]
    pub fn with_grants(mut self, grants: Grants) -> Self {
        self.grants = Arc::new(grants);
        self
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

    /// A new session: an instance of the image, with fresh randomness.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] when the runtime has no place for another one; [`Error::Mount`] when a directory cannot be mounted,
    /// [`Error::FilePath`] when a file cannot be placed.
    pub fn session(&self) -> Result<Session> {
        block_on(Session::start(self.clone()))
    }

    /// Runs code in a session of its own, which is dropped afterwards, with what it wrote in memory. To read, save or apply that, run the
    /// code in a [`Session`] and ask the session.
    ///
    /// # Errors
    ///
    /// When the code was not run at all. Code that fails has an [`Outcome`].
    pub async fn run(&self, request: impl Into<Request>) -> Result<Outcome> {
        let mut request = request.into();
        let mut jar = self.clone();
        // A session of its own has the limits of its only run.
        if let Some(asked) = request.limits.take() {
            jar = jar.with_limits(narrow(asked, &self.limits)?)?;
        }
        Session::start(jar).await?.run(request).await
    }

    /// The same as [`Jar::run`], on the calling thread.
    ///
    /// # Errors
    ///
    /// As for [`Jar::run`].
    pub fn run_blocking(&self, request: impl Into<Request>) -> Result<Outcome> {
        block_on(self.run(request))
    }

    /// Loads the machine code now instead of at the first session.
    ///
    /// # Errors
    ///
    /// [`Error::Image`] when the machine code cannot be mapped.
    pub fn warm(&self) -> Result<()> {
        self.image.code(self.counting()).map(|_| ())
    }

    pub(crate) fn counting(&self) -> Counting {
        if self.limits.fuel.is_some() { Counting::Fuel } else { Counting::Nothing }
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

/// Opens the image `name` in one of `folders` instead of where images are usually kept.
///
/// # Errors
///
/// As for [`Image::open`].
pub fn open_image_in(name: &str, folders: &[PathBuf]) -> Result<Image> {
    Image::open_in(&Runtime::shared()?, name, folders)
}
