//! The part of CycloneDX 1.6 that is written: types whose JSON it is.

use serde::Serialize;

/// A whole document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bom {
    pub(super) bom_format: &'static str,
    pub(super) spec_version: &'static str,
    /// Made from the content, so that the same tree and engines give the same document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) serial_number: Option<String>,
    pub(super) version: u32,
    pub(super) metadata: Metadata,
    pub(super) components: Vec<Component>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) formulation: Vec<Formula>,
}

/// What the document is about.
#[derive(Serialize)]
pub(super) struct Metadata {
    pub(super) component: Component,
}

/// A program, a library, an engine.
#[derive(Clone, Serialize)]
pub(super) struct Component {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "bom-ref")]
    pub(super) bom_ref: String,
    pub(super) name: String,
    pub(super) version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    /// `required` where it is in the program, `optional` where it is fetched when asked for, `excluded` where it only builds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) licenses: Vec<Licence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<String>,
}

/// A hash of what a registry gave, or of what was built.
#[derive(Clone, Serialize)]
pub(super) struct Hash {
    alg: &'static str,
    pub(super) content: String,
}

/// A licence, as an SPDX expression.
#[derive(Clone, Serialize)]
pub(super) struct Licence {
    expression: String,
}

/// What a component is made from.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency {
    #[serde(rename = "ref")]
    pub(super) of: String,
    pub(super) depends_on: Vec<String>,
}

/// How all of it is built: the tools.
#[derive(Serialize)]
pub(super) struct Formula {
    pub(super) components: Vec<Component>,
}

impl Component {
    /// One of a name and a version, about which nothing else is known yet.
    pub(super) fn new(kind: &'static str, from: &str, name: &str, version: &str) -> Self {
        Self {
            kind,
            bom_ref: format!("{from}:{name}@{version}"),
            name: name.to_owned(),
            version: version.to_owned(),
            description: None,
            scope: None,
            hashes: Vec::new(),
            licenses: Vec::new(),
            purl: None,
        }
    }

    /// The same with what a registry says of it.
    pub(super) fn published(mut self, registry: &str, sha256: &str, licence: &str) -> Self {
        // What begins with an @ is a scope, which is written as a part of its own.
        let name = self.name.replace('@', "%40");
        self.purl = Some(format!("pkg:{registry}/{name}@{}", self.version.replace('+', "%2B")));
        self.hashes = vec![Hash::sha256(sha256)];
        self.licensed(licence)
    }

    /// The same under this licence.
    pub(super) fn licensed(mut self, licence: &str) -> Self {
        self.licenses = vec![Licence { expression: licence.replace('/', " OR ") }];
        self
    }
}

impl Hash {
    pub(super) fn sha256(content: &str) -> Self {
        Self { alg: "SHA-256", content: content.to_owned() }
    }
}
