//! `install`: packages for what begins afterwards, where whoever runs the server allows it.

use super::{Called, Caller, told};
use crate::arguments;
use crate::refusal::Refusal;
use crate::results::{InstalledPackages, Package};

/// The most packages that one client asks for, in all.
const PACKAGES_MAX: usize = 64;

pub(crate) async fn install(caller: &Caller<'_>, arguments: arguments::Install) -> Called {
    let Some(packages) = caller.shared.settings.packages.clone() else {
        return Err(Refusal::new("this server installs nothing", "whoever runs it can allow packages"));
    };
    let mut wanted = caller.shared.owns.requirements(caller.owner);
    for package in arguments.packages {
        if !wanted.contains(&package) {
            wanted.push(package);
        }
    }
    if wanted.len() > PACKAGES_MAX {
        let message = format!("{} packages are asked for, and there can be {PACKAGES_MAX}", wanted.len());
        return Err(Refusal::new(message, "ask for fewer"));
    }
    let asked = wanted.clone();
    let (jar, fetched) = tokio::task::spawn_blocking(move || packages.jar_with(&asked)).await??;
    caller.shared.owns.install(caller.owner, wanted, jar);
    let packages: Vec<Package> =
        fetched.into_iter().map(|(name, version)| Package { name, version }).collect();
    let lines: Vec<String> = packages.iter().map(|one| format!("{} {}", one.name, one.version)).collect();
    told(format!("installed for what begins now:\n{}", lines.join("\n")), &InstalledPackages { packages })
}
