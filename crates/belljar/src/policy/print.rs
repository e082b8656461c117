//! A policy as the text that means it, with every limit: what people look at, and what reads as the same policy again.

use std::fmt;

use serde_json::Value;

use super::secret::Origin;
use super::{Policy, SecretSource};
use crate::mount::Mount;

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[limits]")?;
        let limits = serde_json::to_value(&self.limits).map_err(|_| fmt::Error)?;
        for (name, value) in limits.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            writeln!(f, "{name} = {value}")?;
        }
        if let Some(engines) = &self.engines {
            writeln!(f, "\n[engines]")?;
            list(f, "allow", engines.iter().map(|name| quoted(name)))?;
        }
        let reach = &self.reach;
        writeln!(f, "\n[grants]")?;
        list(f, "mounts", reach.mounts.iter().map(mount))?;
        list(f, "net", reach.net.iter().map(|rule| quoted(&rule.to_string())))?;
        list(f, "tls_ca", reach.tls_ca.iter().map(|path| quoted(&path.display().to_string())))?;
        list(f, "secrets", reach.secrets.iter().map(secret))?;
        list(f, "environment", self.environment().map(|variable| quoted(&variable)))?;
        if let Some(seed) = reach.seed {
            writeln!(f, "seed = {seed}")?;
        }
        writeln!(f, "\n[packages]")?;
        list(f, "with", self.packages.with.iter().map(|package| quoted(package)))?;
        list(f, "allow", self.packages.allow.iter().map(|package| quoted(package)))?;
        writeln!(f, "script_metadata = {}", self.packages.script_metadata)?;
        if let Some(file) = &self.audit {
            writeln!(f, "\n[audit]\nfile = {}", quoted(&file.display().to_string()))?;
        }
        if self.jail {
            writeln!(f, "\n[jail]\nrequired = true")?;
        }
        Ok(())
    }
}

/// A list: on one line, or one entry a line where there are several.
fn list(f: &mut fmt::Formatter<'_>, key: &str, entries: impl Iterator<Item = String>) -> fmt::Result {
    let entries: Vec<String> = entries.collect();
    match &entries[..] {
        [] => writeln!(f, "{key} = []"),
        [one] => writeln!(f, "{key} = [{one}]"),
        more => writeln!(f, "{key} = [\n    {},\n]", more.join(",\n    ")),
    }
}

fn mount(mount: &Mount) -> String {
    let short = mount.to_string();
    if short.parse::<Mount>().is_ok_and(|read| read == *mount) {
        return quoted(&short);
    }
    let Mount { source, destination, mode, bytes_max, files_max, open_files_max, protects } = mount;
    let mut text = format!(
        "{{ source = {}, destination = {}, mode = \"{mode}\", bytes_max = {bytes_max}, files_max = {files_max}, open_files_max = {open_files_max}",
        quoted(&source.display().to_string()),
        quoted(destination),
    );
    if !protects {
        text += ", unprotected = true";
    }
    text + " }"
}

fn secret(secret: &SecretSource) -> String {
    let SecretSource { to, from } = secret;
    match from {
        Origin::Variable(name) if *name != to.name => format!(
            "{{ name = {}, host = {}, header = {}, variable = {} }}",
            quoted(&to.name),
            quoted(&format!("{}:{}", to.host, to.port)),
            quoted(to.header.as_str()),
            quoted(name),
        ),
        _ => quoted(&secret.to_string()),
    }
}

/// Text as TOML writes it, which is as JSON does, but for one control character.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for letter in Value::from(text).to_string().chars() {
        match letter {
            '\u{7f}' => quoted.push_str("\\u007f"),
            letter => quoted.push(letter),
        }
    }
    quoted
}
