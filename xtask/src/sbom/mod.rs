//! `cargo xtask sbom`: what the program is made of, as a CycloneDX document: crates, engines and their sources, tools, each with version,
//! hash and licence.
//!
//! Written by ourselves: what there is for cargo knows crates alone, and the library for the format stops before 1.6. The document has no date,
//! so that the same tree and engines give the same bytes.

mod check;
mod crates;
mod cyclonedx;
mod parts;

use anyhow::{Context, Result};
use serde_json::Value;
use sha2::{Digest, Sha256};

use self::cyclonedx::{Bom, Dependency, Formula, Metadata};
use crate::cache::{self, Cache};
use crate::setup::target_folder;

/// Makes the document, checks it, and says where it is.
pub(crate) fn sbom() -> Result<()> {
    let cache = Cache::open()?;
    let bom = make(&cache)?;
    let value = serde_json::to_value(&bom).context("writing the document")?;
    check::complete(&value)?;
    check::against_schema(&cache, &value)?;
    let path = target_folder().join("sbom/belljar.cdx.json");
    cache::write(&path, serde_json::to_string_pretty(&value).context("writing the document")? + "\n")?;
    let count = value["components"].as_array().map_or(0, Vec::len);
    println!("sbom: {count} components, valid under CycloneDX {}: {}", bom.spec_version, path.display());
    Ok(())
}

fn make(cache: &Cache) -> Result<Bom> {
    let crates = crates::find()?;
    let parts = parts::find(cache)?;
    let engines = parts.dependencies.iter().map(|engine| engine.of.clone());
    let mut dependencies = crates.dependencies;
    // The program is nothing without its engines.
    for Dependency { of, depends_on } in &mut dependencies {
        if *of == crates.program.bom_ref {
            depends_on.extend(engines.clone());
        }
    }
    dependencies.extend(parts.dependencies);
    let mut bom = Bom {
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: None,
        version: 1,
        metadata: Metadata { component: crates.program },
        components: crates.components.into_iter().chain(parts.components).collect(),
        dependencies,
        formulation: vec![Formula { components: parts::tools()? }],
    };
    let content = serde_json::to_value(&bom).context("writing the document")?;
    bom.serial_number = Some(serial_number(&content));
    Ok(bom)
}

/// A name for the content, in the form of a UUID that was made from a hash (version 8).
fn serial_number(content: &Value) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(content.to_string())[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    format!("urn:uuid:{}", parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_has_the_same_name() {
        let name = serial_number(&Value::from(1));
        assert_eq!(name, serial_number(&Value::from(1)));
        assert_ne!(name, serial_number(&Value::from(2)));
        assert!(name.len() == 45 && name.as_bytes()[23] == b'8', "{name}");
    }
}
