//! The document: what can be written in a policy, as types from which its JSON Schema is made.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::packages::Packages;
use crate::limits::Limits;
use crate::mount::MountMode;

/// What code may use and reach, as an operator allows it. Requests and command lines can only ask for less.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Policy of Belljar")]
pub(super) struct Document {
    /// What code may use: ceilings, and what holds where a request asks for nothing. A limit that is not named has its default; `cpu_ms` is `time_ms`
    /// then. Sizes and times are numbers in the unit of their name, or text with a unit: "64MiB", "2s".
    #[schemars(schema_with = "limits")]
    pub(super) limits: Map<String, Value>,
    /// Which images may be run.
    pub(super) engines: Engines,
    /// What code may reach: nothing that is not named.
    pub(super) grants: Granted,
    /// Which packages of Python code may have.
    pub(super) packages: Packages,
    /// What is written down.
    pub(super) audit: Audit,
    /// The jail of the operating system around the process that runs code.
    pub(super) jail: Jail,
}

/// Which images may be run.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Engines {
    /// Their names, for example "python". All, when this is left out.
    pub(super) allow: Option<Vec<String>>,
}

/// What code may reach.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Granted {
    /// Directories: "SRC:DST[:ro|rw|cow]", or a table. SRC is relative to the policy's file.
    pub(super) mounts: Vec<MountEntry>,
    /// Hosts that can be spoken to over HTTP: "[METHOD,...@]HOST[:PORT][/PATH]".
    pub(super) net: Vec<String>,
    /// Files with certificates (PEM) that are trusted besides those of public authorities, relative to the policy's file.
    pub(super) tls_ca: Vec<String>,
    /// Secrets that code uses and does not see: "NAME@HOST[:PORT]:HEADER[=FILE]", or a table. The value is in the file, or in the variable NAME;
    /// never in a policy.
    pub(super) secrets: Vec<SecretEntry>,
    /// Environment variables: "NAME=VALUE" is that value and no other; "NAME" is what the request gives, or what it is here.
    pub(super) environment: Vec<String>,
    /// Makes runs repeatable: clock, randomness and scheduling follow from this number.
    pub(super) seed: Option<u64>,
}

/// A mount, in short or in full.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum MountEntry {
    Short(String),
    Full(MountTable),
}

/// A directory of the host that code may reach.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MountTable {
    /// The directory, relative to the policy's file.
    pub(super) source: String,
    /// Where code finds it: an absolute path.
    pub(super) destination: String,
    /// What code may do with it.
    #[serde(default)]
    pub(super) mode: MountMode,
    /// The bytes that one session may add to files of a `rw` mount.
    #[serde(default)]
    #[schemars(schema_with = "size")]
    pub(super) bytes_max: Option<u64>,
    /// The files, directories and links that one session may make in a `rw` mount.
    pub(super) files_max: Option<u32>,
    /// The files that one session may have open in it.
    pub(super) open_files_max: Option<u32>,
    /// Whether names such as `.git` and `.bashrc` can be changed, too.
    #[serde(default)]
    pub(super) unprotected: bool,
}

/// A secret, in short or in full.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum SecretEntry {
    Short(String),
    Full(SecretTable),
}

/// A value that code may use and never sees.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretTable {
    /// The variable in which code finds a placeholder.
    pub(super) name: String,
    /// The one host that the value is sent to: "HOST" or "HOST:PORT".
    pub(super) host: String,
    /// The header that it is sent in.
    pub(super) header: String,
    /// The variable here that holds the value. By default that of the same name.
    pub(super) variable: Option<String>,
    /// The file that holds the value, relative to the policy's.
    pub(super) file: Option<String>,
}

/// What is written down.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Audit {
    /// The file to which every use and every refusal of a grant is appended as a line of JSON, relative to the policy's. Without it nothing is run.
    pub(super) file: Option<String>,
}

/// The jail of the operating system.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Jail {
    /// Whether nothing is run where it cannot be closed. Otherwise what is missing is told, and code runs in what there is.
    pub(super) required: bool,
}

/// The schema of [`Limits`], with amounts that may be written with a unit.
fn limits(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = Limits::json_schema(generator);
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
    for (name, property) in properties {
        let unit = [("_bytes", "size"), ("_ms", "time")].into_iter().find(|(end, _)| name.ends_with(end));
        let Some(property) = property.as_object_mut() else { continue };
        if let Some((_, unit)) = unit {
            property.insert("type".to_owned(), Value::from(["integer", "string"].as_slice()));
            property.insert("format".to_owned(), Value::from(unit));
        }
    }
    schema
}

fn size(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["integer", "string"], "format": "size", "minimum": 0 })
}
