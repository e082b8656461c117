//! The images of a worker: everything that is a file is opened and mapped before it shuts itself in.

use std::collections::BTreeMap;

use crate::engine::image::Image;
use crate::engine::runtime::Runtime;
use crate::error::{Error, Result};
use crate::jar::Jar;
use crate::limits::Limits;
use crate::worker::frame::{JarForm, Kind, Setup};

/// A jar for each kind, with the default limits.
#[derive(Debug)]
pub(super) struct Images(BTreeMap<Kind, Jar>);

impl Images {
    /// Maps what the parent names.
    ///
    /// # Errors
    ///
    /// When an image is not there, cannot be trusted, or is another one than the parent has.
    pub(super) fn map(setup: &Setup) -> Result<Self> {
        // A run of its own needs a place besides those of the sessions.
        let runtime = Runtime::new(setup.sessions_max.saturating_add(setup.runs_max))?;
        let mut opened: BTreeMap<[u8; 32], Jar> = BTreeMap::new();
        let mut jars = BTreeMap::new();
        for (kind, place) in &setup.images {
            let jar = match opened.get(&kind.image) {
                Some(jar) => jar.clone(),
                None => {
                    let image = Image::open_in(&runtime, &place.name, std::slice::from_ref(&place.shelf))?;
                    if image.id().as_bytes() != &kind.image {
                        let reason =
                            "it is another one than the process has that started this worker".to_owned();
                        return Err(Error::Image { path: image.folder().to_owned(), reason });
                    }
                    let jar = Jar::new(image)?;
                    opened.insert(kind.image, jar.clone());
                    jar
                }
            };
            let limits = Limits { fuel: kind.counts_fuel.then_some(1), ..Limits::default() };
            let jar = jar.with_limits(limits)?;
            jar.warm()?;
            jars.insert(kind.clone(), jar);
        }
        Ok(Self(jars))
    }

    /// The jar that has this form.
    ///
    /// # Errors
    ///
    /// When its image is not mapped, or its limits make no sense.
    pub(super) fn jar(&self, form: JarForm) -> Result<Jar> {
        let jar =
            self.0.get(&form.kind).ok_or_else(|| Error::Internal("a jar has no image here".to_owned()))?;
        Ok(jar.clone().with_limits(form.limits)?.with_grants(form.granted.into_grants()?))
    }
}
