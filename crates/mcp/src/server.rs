//! What all connections of a server share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use belljar::Jar;
use rmcp::model::Tool;
use tokio::sync::watch;

use crate::arguments::Language;
use crate::catalog;
use crate::handles::{Handles, Owner};
use crate::own::Owns;
use crate::person::Rounds;
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
    pub(crate) owns: Owns,
    pub(crate) tasks: Tasks,
    pub(crate) rounds: Rounds,
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
            owns: Owns::default(),
            tasks: Tasks::default(),
            rounds: Rounds::default(),
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
        let common = match language {
            Language::Python => &self.settings.python,
            Language::Javascript => &self.settings.javascript,
        };
        self.owns.jar(owner, language, common.as_ref()).ok_or_else(|| {
            Refusal::new(
                format!("this server does not run {language}"),
                "session_create names the languages that it has",
            )
        })
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
