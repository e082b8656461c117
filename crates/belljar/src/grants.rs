//! What code may reach. Nothing is granted by default.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::environment::Variables;
use crate::error::{Error, Result};
use crate::host::net::policy::{Advice, Policy};
use crate::host::net::resolve::Resolver;
use crate::host::net::rule::NetRule;
use crate::host::secrets::Secret;
use crate::mount::Mount;
use crate::tool::{GrantedTool, Tool};

/// What the sessions of a jar are given.
///
/// ```
/// # fn main() -> belljar::Result<()> {
/// use belljar::{Grants, Jar};
///
/// let grants = Grants::default().seed(7);
/// let jar = Jar::open("javascript")?.with_grants(grants);
/// let first = jar.run_blocking("[Math.random(), Date.now()]")?;
/// let second = jar.run_blocking("[Math.random(), Date.now()]")?;
/// assert_eq!(first.value.expect("numbers").repr, second.value.expect("numbers").repr);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Grants {
    pub(crate) seed: Option<u64>,
    pub(crate) files: Vec<PlacedFile>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) net: Arc<Policy>,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) tools: Arc<BTreeMap<String, Arc<GrantedTool>>>,
    /// Which environment variables a request may set; any, where this is none.
    pub(crate) environment: Option<Variables>,
}

/// A virtual file that a session finds when it begins.
#[derive(Clone, Debug)]
pub(crate) struct PlacedFile {
    pub(crate) path: String,
    pub(crate) content: Arc<[u8]>,
}

impl Grants {
    /// Makes runs repeatable: clock, randomness and scheduling follow from `seed` alone. Two sessions with the same seed, image, code
    /// and inputs print the same bytes.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Lets the code call a function of yours by name.
    ///
    /// # Errors
    ///
    /// [`Error::Tool`] when its name or schema cannot be used, or there is one of that name already.
    pub fn tool(mut self, tool: Tool) -> Result<Self> {
        let name = tool.name.clone();
        let granted = Arc::new(GrantedTool::new(tool)?);
        if Arc::make_mut(&mut self.tools).insert(name.clone(), granted).is_some() {
            return Err(Error::Tool { name, reason: "there is another of that name".to_owned() });
        }
        Ok(self)
    }

    /// Feeds everything that was granted to `hasher`, so that other grants give another hash.
    pub(crate) fn identify(&self, hasher: &mut blake3::Hasher) {
        hasher.update(format!("seed {:?}", self.seed).as_bytes());
        for file in &self.files {
            let (path, content) = (blake3::hash(file.path.as_bytes()), blake3::hash(&file.content));
            hasher.update(path.as_bytes()).update(content.as_bytes());
        }
        hasher.update(format!("{:?}", self.mounts).as_bytes());
        self.net.identify(hasher);
        hasher.update(format!("{:?}", self.secrets).as_bytes());
        hasher.update(format!("{:?}", self.environment).as_bytes());
        for tool in self.tools.values() {
            hasher.update(blake3::hash(tool.described().to_string().as_bytes()).as_bytes());
            hasher.update(&[u8::from(tool.tool.work.is_of_the_caller())]);
        }
    }

    /// The same, under a policy: with its environment variables and no others, and with advice for those who do not give the grants.
    pub(crate) fn under_policy(mut self, environment: Variables) -> Self {
        self.environment = Some(environment);
        Arc::make_mut(&mut self.net).advise(Advice::Policy);
        self
    }

    /// Places a virtual file in every session. The code may read it, not change it; its bytes are shared by all sessions.
    #[must_use]
    pub fn file(mut self, path: impl Into<String>, content: impl Into<Arc<[u8]>>) -> Self {
        self.files.push(PlacedFile { path: path.into(), content: content.into() });
        self
    }

    /// Shows a directory of the host to every session. It is opened when a session begins, which fails with
    /// [`Error::Mount`](crate::Error::Mount) when it cannot be.
    #[must_use]
    pub fn mount(mut self, mount: Mount) -> Self {
        self.mounts.push(mount);
        self
    }

    /// The directories of the host that are granted.
    #[must_use]
    pub fn mounts(&self) -> &[Mount] {
        &self.mounts
    }

    /// Lets code speak HTTP with the hosts that `rule` covers.
    #[must_use]
    pub fn net(mut self, rule: NetRule) -> Self {
        Arc::make_mut(&mut self.net).add_rule(rule);
        self
    }

    /// Trusts the certificates in `pem` when a server proves who it is, besides those of public authorities.
    ///
    /// # Errors
    ///
    /// [`Error::Certificate`](crate::Error::Certificate) when there is none in it, or one that cannot be used.
    pub fn tls_root(mut self, pem: &[u8]) -> Result<Self> {
        Arc::make_mut(&mut self.net).add_roots(pem)?;
        Ok(self)
    }

    /// Looks names up with `resolver` instead of the operating system's.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolver + 'static) -> Self {
        Arc::make_mut(&mut self.net).set_resolver(Arc::new(resolver));
        self
    }

    /// Lets code use a secret without seeing it. Its host must be granted as well.
    #[must_use]
    pub fn secret(mut self, secret: Secret) -> Self {
        self.secrets.push(secret);
        self
    }
}
