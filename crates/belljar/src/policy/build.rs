//! From values to a policy: every entry is read as what it is, and what cannot be one is told with its place.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

pub(super) use super::document::Document;
use super::document::{MountEntry, MountTable, SecretEntry, SecretTable};
use super::packages::{is_name, name_of};
use super::problem::Problems;
use super::reach::Reach;
use super::secret::{Origin, SecretSource};
use super::tree::{self, Located};
use super::{Policy, environment};
use crate::error::{Error, Result};
use crate::host::secrets::binding::Binding;
use crate::limits::Limits;
use crate::mount::Mount;

/// Reads a policy whose relative paths are relative to `folder`.
pub(super) fn policy(text: &str, name: &str, folder: &Path) -> Result<Policy> {
    let mut problems = Problems::new(name, text);
    let located = tree::read(text, Policy::schema().as_value(), &mut problems);
    let document = match serde_json::from_value::<Document>(Value::Object(located.values.clone())) {
        Ok(document) => document,
        Err(error) => {
            // Most often a key that must be there, and whose absence has no place.
            if problems.is_empty() {
                problems.add(0..0, "", error.to_string(), "`belljar policy schema` says what belongs where");
            }
            Document::default()
        }
    };
    let mut builder = Builder { located, problems, folder };
    let policy = builder.policy(document, name);
    builder.problems.finish().map_err(Error::Policy)?;
    Ok(policy)
}

/// The error of a policy that is no text.
pub(super) fn not_utf8(bytes: &[u8], at: usize, name: &str) -> Error {
    let text = String::from_utf8_lossy(&bytes[..at]);
    let mut problems = Problems::new(name, &text);
    problems.add(at..at, "", "it is not UTF-8 from here on", "write the policy in UTF-8");
    problems.finish().map_or_else(Error::Policy, |()| Error::Internal("a problem was lost".to_owned()))
}

struct Builder<'a> {
    located: Located,
    problems: Problems<'a>,
    folder: &'a Path,
}

impl Builder<'_> {
    fn policy(&mut self, document: Document, name: &str) -> Policy {
        let Document { limits, engines, grants, packages, audit, jail } = document;
        for (number, package) in packages.with.iter().enumerate() {
            if name_of(package).is_none() {
                let key = format!("packages.with[{number}]");
                self.wrong(
                    &key,
                    format!("{package:?} is no requirement"),
                    "write a name and perhaps versions: rich>=13",
                );
            }
        }
        for (number, package) in packages.allow.iter().enumerate().filter(|(_, package)| !is_name(package)) {
            let key = format!("packages.allow[{number}]");
            self.wrong(&key, format!("{package:?} is no name of a package"), "write the name alone: rich");
        }
        let reach = Reach {
            mounts: self.all("grants.mounts", grants.mounts, Self::mount),
            net: self.all("grants.net", grants.net, |_, rule| rule.parse()),
            tls_ca: grants.tls_ca.into_iter().map(|path| self.folder.join(path)).collect(),
            secrets: self.all("grants.secrets", grants.secrets, Self::secret),
            seed: grants.seed,
        };
        self.check_overlaps(&reach.mounts);
        Policy {
            name: name.to_owned(),
            file: None,
            limits: self.limits(limits),
            engines: engines.allow,
            reach,
            environment: self.environment(&grants.environment),
            packages,
            audit: audit.file.map(|path| self.folder.join(path)),
            jail: jail.required,
        }
    }

    fn limits(&mut self, named: serde_json::Map<String, Value>) -> Limits {
        let cpu_is_named = named.contains_key("cpu_ms");
        let mut limits = match Limits::default().with(named) {
            Ok(limits) => limits,
            Err(error) => {
                self.wrong("limits", error.to_string(), "the table of limits says what they are");
                Limits::default()
            }
        };
        let problems: Vec<Error> = limits.out_of_range().collect();
        for error in problems {
            if let Error::LimitOutOfRange { limit, least, most, .. } = error {
                self.wrong(
                    &format!("limits.{limit}"),
                    error.to_string(),
                    &format!("give it from {least} to {most}"),
                );
            }
        }
        if !cpu_is_named {
            limits.cpu_ms = limits.time_ms;
        }
        limits
    }

    fn environment(&mut self, entries: &[String]) -> BTreeMap<String, Option<String>> {
        let mut variables = BTreeMap::new();
        for (number, text) in entries.iter().enumerate() {
            let key = format!("grants.environment[{number}]");
            match environment::parse(text) {
                Some((name, _)) if variables.contains_key(&name) => {
                    self.wrong(&key, format!("the variable {name} is there twice"), "keep one of them");
                }
                Some((name, value)) => {
                    variables.insert(name, value);
                }
                None => self.wrong(&key, format!("{text:?} is no variable"), "write NAME=VALUE, or NAME"),
            }
        }
        variables
    }

    fn mount(&self, entry: MountEntry) -> Result<Mount> {
        let mut mount = match entry {
            MountEntry::Short(text) => text.parse::<Mount>()?,
            MountEntry::Full(table) => {
                let MountTable {
                    source,
                    destination,
                    mode,
                    bytes_max,
                    files_max,
                    open_files_max,
                    unprotected,
                } = table;
                let plain = Mount::read_only(source, destination);
                plain.check()?;
                let Mount { bytes_max: bytes, files_max: files, open_files_max: open, .. } = plain;
                Mount {
                    mode,
                    bytes_max: bytes_max.unwrap_or(bytes),
                    files_max: files_max.unwrap_or(files),
                    open_files_max: open_files_max.unwrap_or(open),
                    protects: !unprotected,
                    ..plain
                }
            }
        };
        mount.source = self.folder.join(&mount.source);
        Ok(mount)
    }

    fn check_overlaps(&mut self, mounts: &[Mount]) {
        for (number, mount) in mounts.iter().enumerate() {
            if let Some(other) = mounts[..number].iter().find(|other| other.overlaps(mount)) {
                let fault = crate::mount::fault::MountFault::Overlaps { other: other.to_string() };
                let error = mount.refused(fault);
                let hint = error.hint().unwrap_or_default();
                self.wrong(&format!("grants.mounts[{number}]"), error.to_string(), hint);
            }
        }
    }

    fn secret(&self, entry: SecretEntry) -> Result<SecretSource> {
        let source = match entry {
            SecretEntry::Short(text) => text.parse::<SecretSource>()?,
            SecretEntry::Full(SecretTable { name, host, header, variable, file }) => {
                let to = Binding::new(&name, &host, &header)?;
                let from = match (file, variable) {
                    (Some(_), Some(_)) => {
                        return Err(Error::Secret {
                            name,
                            problem: "has both a file and a variable for its value",
                        });
                    }
                    (Some(file), None) => Origin::File(file.into()),
                    (None, variable) => Origin::Variable(variable.unwrap_or(name)),
                };
                SecretSource { to, from }
            }
        };
        Ok(source.within(self.folder))
    }

    /// Each entry of a list as what it means.
    fn all<T, U>(&mut self, key: &str, entries: Vec<T>, read: impl Fn(&Self, T) -> Result<U>) -> Vec<U> {
        let mut all = Vec::new();
        for (number, entry) in entries.into_iter().enumerate() {
            match read(self, entry) {
                Ok(entry) => all.push(entry),
                Err(error) => {
                    let hint = error.hint().unwrap_or_default();
                    self.wrong(&format!("{key}[{number}]"), error.to_string(), hint);
                }
            }
        }
        all
    }

    fn wrong(&mut self, key: &str, message: String, hint: &str) {
        self.problems.add(self.located.place(key), key, message, hint);
    }
}
