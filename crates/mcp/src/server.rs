//! What all connections of a server share.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use belljar::Jar;
use rmcp::model::Tool;
use tokio::sync::watch;

use crate::arguments::Language;
use crate::catalog;
use crate::handles::{Handles, Owner};
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::tasks::Tasks;

/// A server: jars, the tools that run code in them, and the sessions of its clients. Cheap to clone, all clones being the same server.
#[derive(Clone)]
pub struct Server(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) tools: Vec<Tool>,
    pub(crate) handles: Handles,
    /// Jars of Python with the packages that a client has asked for.
    installed: Mutex<Vec<Installed>>,
    pub(crate) tasks: Tasks,
    /// How many calls go on.
    calls: watch::Sender<usize>,
}

/// A call that goes on.
pub(crate) struct Going<'a>(&'a watch::Sender<usize>);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|calls| *calls -= 1);
    }
}

/// What one client has installed.
pub(crate) struct Installed {
    owner: Owner,
    pub(crate) requirements: Vec<String>,
    jar: Jar,
}

/// How many clients can have packages of their own; the one that came first then goes without.
const INSTALLED_MAX: usize = 64;

impl Server {
    /// A server with these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let handles = Handles::new(settings.sessions_max, settings.idle);
        let tools = catalog::tools(&settings);
        let calls = watch::Sender::new(0);
        Self(Arc::new(Shared {
            settings,
            tools,
            handles,
            installed: Mutex::default(),
            tasks: Tasks::default(),
            calls,
        }))
    }

    /// Ready when no call goes on.
    pub(crate) fn idle(&self) -> impl Future<Output = ()> + use<> {
        let mut calls = self.0.calls.subscribe();
        async move {
            // The sender is gone when the server is.
            let _ = calls.wait_for(|calls| *calls == 0).await;
        }
    }
}

impl Shared {
    /// Counts a call until what is given back is dropped.
    pub(crate) fn begin(&self) -> Going<'_> {
        self.calls.send_modify(|calls| *calls += 1);
        Going(&self.calls)
    }

    /// The longest that a run may take.
    pub(crate) fn time_max(&self) -> Duration {
        let jars = [&self.settings.python, &self.settings.javascript];
        jars.into_iter().flatten().map(|jar| jar.limits().time()).max().unwrap_or_default()
    }

    /// What `owner`'s code runs in.
    pub(crate) fn jar(&self, owner: &Owner, language: Language) -> Result<Jar, Refusal> {
        let jar = match language {
            Language::Python => match self.installed_by(owner) {
                Some((jar, _)) => return Ok(jar),
                None => &self.settings.python,
            },
            Language::Javascript => &self.settings.javascript,
        };
        jar.clone().ok_or_else(|| {
            Refusal::new(
                format!("this server does not run {language}"),
                "session_create names the languages that it has",
            )
        })
    }

    /// The jar with what `owner` has installed, and what that is.
    pub(crate) fn installed_by(&self, owner: &Owner) -> Option<(Jar, Vec<String>)> {
        let installed = self.installed.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = installed.iter().find(|one| one.owner == *owner)?;
        Some((theirs.jar.clone(), theirs.requirements.clone()))
    }

    /// From now on `owner` has these packages.
    pub(crate) fn install(&self, owner: &Owner, requirements: Vec<String>, jar: Jar) {
        let mut installed = self.installed.lock().unwrap_or_else(PoisonError::into_inner);
        installed.retain(|one| one.owner != *owner);
        if installed.len() >= INSTALLED_MAX {
            installed.remove(0);
        }
        installed.push(Installed { owner: owner.clone(), requirements, jar });
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
