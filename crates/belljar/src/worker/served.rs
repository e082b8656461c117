//! What a session in a worker is served with: made when it first asks for something, and kept as long as it lives.

use std::sync::Arc;

use super::services::scrub;
use super::services::serving::{Services, State};
use crate::error::Result;
use crate::grants::Grants;
use crate::host::audit::Audit;
use crate::host::secrets::Secrets;
use crate::limits::Limits;
use crate::outcome::{Ended, Outcome};

/// The parent's side of one session.
#[derive(Debug)]
pub(super) struct Served {
    grants: Arc<Grants>,
    limits: Arc<Limits>,
    audit: Audit,
    /// What it goes on from, if it does.
    state: Option<State>,
    services: Option<Services>,
    /// The limits of the run that goes on.
    run: Option<Limits>,
}

impl Served {
    pub(super) fn new(
        (grants, limits): (&Arc<Grants>, &Arc<Limits>),
        audit: &Audit,
        state: Option<State>,
    ) -> Self {
        let (grants, limits, audit) = (Arc::clone(grants), Arc::clone(limits), audit.clone());
        Self { grants, limits, audit, state, services: None, run: None }
    }

    /// What the session is called.
    pub(super) fn session(&self) -> &str {
        self.audit.id()
    }

    /// Opens what must be there when a session begins.
    ///
    /// # Errors
    ///
    /// [`Error::Mount`](crate::Error::Mount) when a directory cannot be mounted.
    pub(super) fn open(&mut self) -> Result<()> {
        if self.grants.mounts.is_empty() && self.grants.secrets.is_empty() {
            return Ok(());
        }
        self.services().map(|_| ())
    }

    /// What serves it.
    ///
    /// # Errors
    ///
    /// As for [`Served::open`].
    pub(super) fn services(&mut self) -> Result<&mut Services> {
        if self.services.is_none() {
            let (grants, limits, audit) = (&self.grants, &self.limits, &self.audit);
            let mut services = match self.state.clone() {
                Some(state) => Services::resume(grants, limits, audit, state)?,
                None => Services::new(grants, limits, audit)?,
            };
            if let Some(run) = &self.run {
                services.begin_run(run);
            }
            self.services = Some(services);
        }
        // It was just made.
        self.services.as_mut().ok_or_else(|| crate::Error::Internal("a session has no services".to_owned()))
    }

    /// What serves it, if it has asked for anything.
    pub(super) fn begun(&mut self) -> Option<&mut Services> {
        self.services.as_mut()
    }

    /// A run begins under these limits.
    pub(super) fn begin_run(&mut self, limits: &Limits) {
        self.run = Some(limits.clone());
        if let Some(services) = &mut self.services {
            services.begin_run(limits);
        }
    }

    /// Nothing of what goes on is wanted any more.
    pub(super) fn give_up_all(&mut self) {
        if let Some(services) = &mut self.services {
            services.give_up_all();
        }
    }

    pub(super) fn secrets(&self) -> Option<&Arc<Secrets>> {
        self.services.as_ref().and_then(Services::secrets)
    }

    /// An outcome as it may be shown.
    ///
    /// # Errors
    ///
    /// What in it cannot be.
    pub(super) fn accept(&mut self, mut outcome: Outcome) -> std::result::Result<Outcome, String> {
        match &mut self.services {
            Some(services) => {
                if outcome.ended == Ended::Suspended {
                    services.check_pending(&outcome.pending).map_err(|nonsense| nonsense.to_string())?;
                }
                if let Some(secrets) = services.secrets() {
                    scrub::outcome(secrets, &mut outcome);
                }
            }
            None if !outcome.pending.is_empty() => {
                return Err("it claims calls that it did not ask for".to_owned());
            }
            None => {}
        }
        Ok(outcome)
    }

    /// What another session of the same jar needs that goes on from here.
    pub(super) fn state(&self) -> Option<State> {
        self.services.as_ref().map(Services::state).or_else(|| self.state.clone())
    }
}
