//! What a server is given: jars, and which tools it offers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use belljar::{Jar, Reach};

use crate::upstream::UpstreamTool;

/// How many sessions one client may keep, unless it is said otherwise.
const SESSIONS_MAX: usize = 32;

/// How long a session is kept that nobody uses, unless it is said otherwise.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// Which tools a server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// All of them.
    All,
    /// Belljar's own: runs, sessions, files, packages.
    Native,
    /// `run_python_code` alone, as MCP Run Python has it.
    Original,
}

impl Offered {
    /// Whether Belljar's own tools are among them.
    #[must_use]
    pub fn has_native(self) -> bool {
        self != Self::Original
    }

    /// Whether `run_python_code` is among them.
    #[must_use]
    pub fn has_original(self) -> bool {
        self != Self::Native
    }
}

/// How `run_python_code` writes its result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReturnForm {
    /// Text with a tag around each part.
    #[default]
    Xml,
    /// One JSON object.
    Json,
}

/// Why packages cannot be had.
#[derive(Clone, Debug)]
pub struct PackagesRefused {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Makes jars with packages, where whoever runs the server allows it.
pub trait Packages: Send + Sync {
    /// The jar of Python with these packages as well, and the name and version of each that it then has. It may take its time: packages are fetched.
    ///
    /// # Errors
    ///
    /// [`PackagesRefused`] when one is not allowed or cannot be had.
    fn jar_with(&self, requirements: &[String]) -> Result<(Jar, Vec<(String, String)>), PackagesRefused>;
}

/// What a [`Server`](crate::Server) is made of.
#[derive(Clone)]
pub struct Settings {
    /// What Python runs in.
    pub python: Option<Jar>,
    /// What JavaScript runs in.
    pub javascript: Option<Jar>,
    /// Which tools there are.
    pub offered: Offered,
    /// How `run_python_code` answers.
    pub return_form: ReturnForm,
    /// Whether code can reach a network: told to clients as a hint.
    pub is_open_world: bool,
    /// Where packages come from, if clients may ask for any.
    pub packages: Option<Arc<dyn Packages>>,
    /// Functions of other servers that code can call. The jars have them; here they are for whoever writes the code.
    pub functions: Vec<UpstreamTool>,
    /// What a model may ask for, of the person at its client; nothing, where it is empty. Hosts and mounts.
    pub askable: Reach,
    /// How many sessions one client may keep.
    pub sessions_max: usize,
    /// How long a session is kept that nobody uses.
    pub idle: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            python: None,
            javascript: None,
            offered: Offered::All,
            return_form: ReturnForm::default(),
            is_open_world: false,
            packages: None,
            functions: Vec::new(),
            askable: Reach::default(),
            sessions_max: SESSIONS_MAX,
            idle: IDLE,
        }
    }
}

impl Settings {
    /// Whether anything is ever asked of the person at a client.
    pub(crate) fn asks(&self) -> bool {
        self.grants_access() || self.functions.iter().any(|function| function.is_approved)
    }

    /// Whether a model may ask for access.
    pub(crate) fn grants_access(&self) -> bool {
        !(self.askable.net.is_empty() && self.askable.mounts.is_empty())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("python", &self.python)
            .field("javascript", &self.javascript)
            .field("offered", &self.offered)
            .field("sessions_max", &self.sessions_max)
            .finish_non_exhaustive()
    }
}
