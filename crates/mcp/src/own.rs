//! What clients have of their own: packages that they asked for, and access that the person at the client granted.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use belljar::{Grants, Jar, Reach};

use crate::arguments::Language;
use crate::handles::Owner;

/// How many clients can have something of their own; the one that came first then goes without.
const OWNERS_MAX: usize = 64;

/// What all of them have.
#[derive(Default)]
pub(crate) struct Owns(Mutex<Vec<(Owner, Own)>>);

/// What one client has.
#[derive(Default)]
struct Own {
    /// What it has asked for, and a jar of Python that has it.
    packages: Option<(Vec<String>, Jar)>,
    reach: Reach,
    /// The jars that reach that far, made when they are first wanted.
    jars: HashMap<Language, Jar>,
}

impl Owns {
    /// What `owner`'s code runs in, where others' runs in `common`.
    pub(crate) fn jar(&self, owner: &Owner, language: Language, common: Option<&Jar>) -> Option<Jar> {
        let mut all = self.lock();
        let Some(own) = all.iter_mut().find_map(|(known, own)| (known == owner).then_some(own)) else {
            return common.cloned();
        };
        let base = match &own.packages {
            Some((_, jar)) if language == Language::Python => jar,
            _ => common?,
        };
        if own.reach == Reach::default() {
            return Some(base.clone());
        }
        Some(own.jars.entry(language).or_insert_with(|| widened(base, &own.reach)).clone())
    }

    /// What `owner` has asked to be installed.
    pub(crate) fn requirements(&self, owner: &Owner) -> Vec<String> {
        let all = self.lock();
        let own = all.iter().find(|(known, _)| known == owner);
        own.and_then(|(_, own)| own.packages.as_ref())
            .map(|(requirements, _)| requirements.clone())
            .unwrap_or_default()
    }

    /// From now on `owner` has these packages.
    pub(crate) fn install(&self, owner: &Owner, requirements: Vec<String>, jar: Jar) {
        self.change(owner, |own| own.packages = Some((requirements, jar)));
    }

    /// From now on `owner`'s code reaches this, too.
    pub(crate) fn widen(&self, owner: &Owner, reach: Reach) {
        self.change(owner, |own| {
            let new = reach.net.into_iter().filter(|rule| !own.reach.net.contains(rule)).collect::<Vec<_>>();
            own.reach.net.extend(new);
            for mount in reach.mounts {
                own.reach.mounts.retain(|known| known.destination() != mount.destination());
                own.reach.mounts.push(mount);
            }
        });
    }

    /// `owner` has gone.
    pub(crate) fn forget(&self, owner: &Owner) {
        self.lock().retain(|(known, _)| known != owner);
    }

    fn change(&self, owner: &Owner, change: impl FnOnce(&mut Own)) {
        let mut all = self.lock();
        let at = all.iter().position(|(known, _)| known == owner).unwrap_or_else(|| {
            if all.len() >= OWNERS_MAX {
                all.remove(0);
            }
            all.push((owner.clone(), Own::default()));
            all.len() - 1
        });
        let own = &mut all[at].1;
        change(own);
        own.jars.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Owner, Own)>> {
        // What one client has is of a piece between statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same jar, whose code reaches this as well.
pub(crate) fn widened(jar: &Jar, reach: &Reach) -> Jar {
    let grants = reach.net.iter().cloned().fold(jar.grants().clone(), Grants::net);
    let grants = reach.mounts.iter().cloned().fold(grants, Grants::mount);
    jar.clone().with_grants(grants)
}
