//! What became of the scenarios: the suite leaves a folder for each, with a file of checks.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::cache;

/// What follows a scenario's name in the name of its folder: `-2026-07-28T13-28-01-067Z`.
const STAMP_LENGTH: usize = 25;

/// What became of one scenario.
pub(super) struct Scenario {
    pub(super) name: String,
    /// How many checks passed.
    pub(super) passed: usize,
    /// Checks that did not, and why.
    pub(super) failures: Vec<String>,
    /// What the suite would have liked to be otherwise.
    pub(super) warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    id: String,
    status: String,
    #[serde(default)]
    error_message: Option<String>,
}

/// The scenarios in the suite's folder, by name.
pub(super) fn read(folder: &Path) -> Result<Vec<Scenario>> {
    let mut scenarios = Vec::new();
    for file in cache::files(folder)? {
        let of = file.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        let (Some(of), true) = (of, file.ends_with("checks.json")) else { continue };
        let name = name_of(&of).with_context(|| format!("the suite left a folder {of}"))?;
        let checks: Vec<Check> = serde_json::from_slice(&cache::read(&file)?)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        scenarios.push(counted(name.to_owned(), &checks));
    }
    if scenarios.is_empty() {
        bail!("the suite left nothing in {}", folder.display());
    }
    scenarios.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(scenarios)
}

fn name_of(folder: &str) -> Option<&str> {
    let name = folder.strip_prefix("server-")?;
    name.get(..name.len().checked_sub(STAMP_LENGTH)?)
}

fn counted(name: String, checks: &[Check]) -> Scenario {
    let with = |status: &str| {
        let those = checks.iter().filter(|check| check.status == status);
        those.map(said).collect::<Vec<_>>()
    };
    Scenario { name, passed: with("SUCCESS").len(), failures: with("FAILURE"), warnings: with("WARNING") }
}

fn said(check: &Check) -> String {
    let why = check.error_message.as_deref().unwrap_or("no reason was given");
    format!("{} {}: {why}", check.status.to_lowercase(), check.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_named_by_its_folder() {
        assert_eq!(name_of("server-server-stateless-2026-11-26T13-28-01-067Z"), Some("server-stateless"));
        assert_eq!((name_of("server-x"), name_of("client-ping-2026-11-26T13-28-01-067Z")), (None, None));
    }

    #[test]
    fn a_scenario_fails_with_one_of_its_checks() {
        let text = r#"[
            { "id": "a", "status": "SUCCESS" },
            { "id": "b", "status": "FAILURE", "errorMessage": "it was not so" },
            { "id": "c", "status": "SKIPPED" }
        ]"#;
        let checks: Vec<Check> = serde_json::from_str(text).unwrap();
        let scenario = counted("x".to_owned(), &checks);
        assert_eq!((scenario.passed, scenario.warnings.len()), (1, 0));
        assert_eq!(scenario.failures, ["failure b: it was not so"]);
    }
}
