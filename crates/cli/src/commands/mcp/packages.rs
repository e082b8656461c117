//! Packages that clients ask for, as far as whoever starts the server allows it.

use belljar::{Image, Jar, Mount, Policy, Workers};
use belljar_mcp::{Packages, PackagesRefused};
use belljar_packages::Requirement;

use crate::exit::Failure;
use crate::package_args::Wanted;

/// What clients may install, and where it goes.
pub(super) struct Allowed {
    /// Names, or `*`.
    names: Vec<String>,
    policy: Option<Policy>,
    wanted: Wanted,
    image: Image,
    /// The jar that packages are added to, without any.
    jar: Jar,
    workers: Workers,
}

impl Allowed {
    /// None if nobody is to install anything.
    pub(super) fn new(
        names: &[String],
        policy: Option<&Policy>,
        wanted: &Wanted,
        jar: &Jar,
        workers: &Workers,
    ) -> Option<Self> {
        let of_policy = policy.is_some_and(|policy| !policy.packages().allow.is_empty());
        // An image that was made with packages cannot be given more.
        let takes_more = jar.image().packages().is_empty();
        (takes_more && (of_policy || !names.is_empty())).then(|| Self {
            names: names.to_vec(),
            policy: policy.cloned(),
            wanted: wanted.clone(),
            image: jar.image().clone(),
            jar: jar.clone(),
            workers: workers.clone(),
        })
    }

    fn check(&self, name: &str) -> Result<(), PackagesRefused> {
        if let Some(policy) = &self.policy {
            return policy.check_package(name).map_err(|error| refused(error.into()));
        }
        let covers = |allowed: &String| allowed == "*" || normal(allowed) == normal(name);
        if self.names.iter().any(covers) {
            return Ok(());
        }
        Err(PackagesRefused {
            message: format!("the package {name} may not be installed"),
            hint: Some(format!("whoever runs the server can allow it with --allow-install {name}")),
        })
    }
}

impl Packages for Allowed {
    fn jar_with(&self, requirements: &[String]) -> Result<(Jar, Vec<(String, String)>), PackagesRefused> {
        let asked: Result<Vec<Requirement>, _> = requirements.iter().map(|text| text.parse()).collect();
        let asked = asked.map_err(|error: belljar_packages::Error| refused(error.into()))?;
        asked.iter().try_for_each(|requirement| self.check(requirement.name()))?;
        let wanted = self.wanted.clone().and(asked);
        let set = wanted.fetch(&self.image).map_err(refused)?;
        let grants = self.jar.grants().clone();
        let mount = Mount::read_only(set.folder, belljar_packages::PLACE);
        let jar = self.jar.clone().with_grants(grants.mount(mount));
        let jar = jar.in_workers(&self.workers).map_err(|error| refused(error.into()))?;
        Ok((jar, set.packages.into_iter().map(|package| (package.name, package.version)).collect()))
    }
}

fn refused(failure: Failure) -> PackagesRefused {
    PackagesRefused { message: failure.to_string(), hint: failure.hint() }
}

/// Names are compared without regard to case, and to which of `-_.` stand between letters.
fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}
