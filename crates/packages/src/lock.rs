//! What the resolver answers: a lock file (PEP 751), of which each package's wheel is chosen.

use serde::Deserialize;
use url::Url;

use crate::advice::Advice;
use crate::hash::is_sha256;
use crate::wheel::{self, Package};

/// A lock file, as far as it is of interest here.
#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    wheels: Vec<Wheel>,
}

#[derive(Deserialize)]
struct Wheel {
    #[serde(default)]
    url: String,
    #[serde(default)]
    hashes: Hashes,
}

#[derive(Default, Deserialize)]
struct Hashes {
    sha256: Option<String>,
}

/// The packages that can be had, and the names of those that cannot.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) packages: Vec<Package>,
    pub(crate) compiled: Vec<String>,
}

/// Chooses a wheel for each package of a lock file.
///
/// # Errors
///
/// What in it makes no sense.
pub(crate) fn choose(lock: &str, advice: &Advice) -> Result<Chosen, String> {
    let lock: Lock = toml::from_str(lock).map_err(|error| error.message().to_owned())?;
    let mut chosen = Chosen::default();
    for locked in lock.packages {
        let name = crate::requirement::normalised(&locked.name);
        let offered: Vec<(String, &Wheel)> =
            locked.wheels.iter().filter_map(|wheel| Some((file_of(&wheel.url)?, wheel))).collect();
        let pure = offered.iter().find(|(file, _)| wheel::is_pure(file));
        let Some((file, wheel)) = pure.or_else(|| offered.first().filter(|_| advice.is_optional(&name)))
        else {
            chosen.compiled.push(name);
            continue;
        };
        let sha256 = wheel.hashes.sha256.clone().filter(|hash| is_sha256(hash));
        let sha256 = sha256.ok_or_else(|| format!("the index gives no SHA-256 of {file}"))?;
        let url = address(&wheel.url).ok_or_else(|| format!("{file} is at no address of http or https"))?;
        chosen.packages.push(Package { name, version: locked.version, sha256, url, file: file.clone() });
    }
    chosen.packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(chosen)
}

/// The file name at the end of an address.
fn file_of(url: &str) -> Option<String> {
    let url: Url = url.parse().ok()?;
    let last = url.path_segments()?.next_back()?;
    // What matters of a name is plain; the rest is only shown.
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.+!%".contains(letter);
    (last.ends_with(".whl") && last.chars().all(plain)).then(|| last.to_owned())
}

/// The address without name and password, which are added again when it is fetched.
fn address(url: &str) -> Option<String> {
    let mut url: Url = url.parse().ok()?;
    if !["http", "https"].contains(&url.scheme()) {
        return None;
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_fragment(None);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(wheels: &str) -> String {
        format!(
            "lock-version = \"1.0\"\n[[packages]]\nname = \"A_b\"\nversion = \"1\"\nwheels = [{wheels}]\n"
        )
    }

    fn wheel(url: &str) -> String {
        format!("{{ url = \"{url}\", hashes = {{ sha256 = \"{}\" }} }},", "0".repeat(64))
    }

    #[test]
    fn the_wheel_without_machine_code_is_chosen() {
        let both = wheel("https://u:p@x/a_b-1-cp313-cp313-manylinux_2_17_x86_64.whl")
            + &wheel("https://u:p@x/y/a_b-1-py3-none-any.whl#z");
        let chosen = choose(&lock(&both), &Advice::read()).unwrap();
        assert_eq!(chosen.packages[0].url, "https://x/y/a_b-1-py3-none-any.whl");
        assert_eq!((chosen.packages[0].name.as_str(), chosen.compiled.len()), ("a-b", 0));
    }

    #[test]
    fn one_that_has_nothing_else_is_named_unless_it_does_without() {
        let compiled = wheel("https://x/a_b-1-cp313-cp313-manylinux_2_17_x86_64.whl");
        assert_eq!(choose(&lock(&compiled), &Advice::read()).unwrap().compiled, ["a-b"]);
        assert_eq!(choose(&lock(""), &Advice::read()).unwrap().compiled, ["a-b"]);
        let optional = lock(&compiled.replace("a_b", "markupsafe")).replace("A_b", "MarkupSafe");
        assert_eq!(choose(&optional, &Advice::read()).unwrap().packages[0].name, "markupsafe");
    }

    #[test]
    fn what_cannot_be_checked_or_fetched_is_refused() {
        let advice = Advice::read();
        assert!(choose(&lock("{ url = \"https://x/a-1-py3-none-any.whl\" }"), &advice).is_err());
        assert!(choose(&lock(&wheel("file:///x/a-1-py3-none-any.whl")), &advice).is_err());
        assert!(choose("packages = 1", &advice).is_err());
    }
}
