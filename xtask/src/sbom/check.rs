//! Whether a document is right: valid under the schema of CycloneDX, and saying of everything what it must.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use jsonschema::{Retrieve, Uri};
use serde_json::Value;

use crate::cache::{self, Cache};
use crate::fetch::pypi::Wheel;

/// Brings the schemas, as CycloneDX publishes them.
const SCHEMAS: Wheel = Wheel {
    name: "cyclonedx-python-lib",
    version: "11.12.0",
    sha256: "0e807521a921a5c3cb8ce1153f8a61d29eedfe76a46aac2796b7c6b573391a54",
};

/// How many complaints are shown.
const COMPLAINTS_MAX: usize = 10;

/// Schemas that others refer to, from the folder that all lie in.
struct Folder(PathBuf);

impl Folder {
    /// The schema in the file of this name.
    fn schema(&self, name: &str) -> Result<Value> {
        let path = self.0.join(name);
        serde_json::from_slice(&cache::read(&path)?).with_context(|| format!("reading {}", path.display()))
    }
}

impl Retrieve for Folder {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.path().as_str().rsplit('/').next().unwrap_or_default();
        Ok(self.schema(name)?)
    }
}

/// Fails unless the document is valid.
pub(super) fn against_schema(cache: &Cache, bom: &Value) -> Result<()> {
    let folder = Folder(SCHEMAS.fetch(cache)?.join("cyclonedx/schema/_res"));
    let schema = folder.schema("bom-1.6.SNAPSHOT.schema.json")?;
    let validator = jsonschema::options().with_retriever(folder).build(&schema);
    let validator = validator.map_err(|error| anyhow::anyhow!("the schema of CycloneDX: {error}"))?;
    let complaints: Vec<String> = validator
        .iter_errors(bom)
        .take(COMPLAINTS_MAX)
        .map(|error| format!("\n  {}: {error}", error.instance_path()))
        .collect();
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("the document is not valid under CycloneDX 1.6:{}", complaints.concat())
}

/// Fails unless everything has a name of its own, a licence and a hash, and no dependency leads nowhere.
pub(super) fn complete(bom: &Value) -> Result<()> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut names = BTreeSet::from([text(&bom["metadata"]["component"]["bom-ref"])]);
    for component in list(&bom["components"]) {
        let name = text(&component["bom-ref"]);
        let ours = name.starts_with("cargo:belljar");
        let engine = name.starts_with("engine:");
        if !ours && component["hashes"][0]["content"].as_str().is_none_or(|hash| hash.len() != 64) {
            bail!("{name} has no hash");
        }
        if !engine && component["licenses"][0]["expression"].as_str().is_none_or(str::is_empty) {
            bail!("{name} has no licence");
        }
        if !names.insert(name.clone()) {
            bail!("{name} is there twice");
        }
    }
    for dependency in list(&bom["dependencies"]) {
        let of = [dependency["ref"].clone()];
        let missing =
            of.iter().chain(&list(&dependency["dependsOn"])).map(text).find(|to| !names.contains(to));
        if let Some(missing) = missing {
            bail!("{} depends on {missing}, which is not there", text(&dependency["ref"]));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_complete_is_found() {
        let hash = json!([{"content": "0".repeat(64)}]);
        let licence = json!([{"expression": "MIT"}]);
        let of = |components: Value, dependencies: Value| {
            let metadata = json!({"component": {"bom-ref": "p"}});
            let bom = json!({"metadata": metadata, "components": components, "dependencies": dependencies});
            complete(&bom).map_err(|error| error.to_string())
        };
        let whole = json!({"bom-ref": "a", "hashes": hash, "licenses": licence});
        let lead = |to: &str| json!([{"ref": "p", "dependsOn": [to]}]);
        assert_eq!(of(json!([whole]), lead("a")), Ok(()));
        assert_eq!(of(json!([whole, whole]), json!([])), Err("a is there twice".to_owned()));
        assert_eq!(of(json!([whole]), lead("b")), Err("p depends on b, which is not there".to_owned()));
        let bare = json!([{"bom-ref": "a", "licenses": licence}]);
        assert_eq!(of(bare, json!([])), Err("a has no hash".to_owned()));
        let bare = json!([{"bom-ref": "a", "hashes": hash}]);
        assert_eq!(of(bare, json!([])), Err("a has no licence".to_owned()));
    }
}
