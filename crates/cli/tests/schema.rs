//! `belljar schema`: what is published is what the program prints.

mod program;

use program::run;

#[test]
fn the_published_schema_is_the_programs() {
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/outcome.schema.json");
    let published = std::fs::read_to_string(published).unwrap_or_default();
    let printed = run(["schema"]).stdout;
    assert!(
        printed == published,
        "run `belljar schema > docs/outcome.schema.json` and look at the difference"
    );
}

#[test]
fn an_outcome_has_the_fields_of_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(&run(["schema"]).stdout).unwrap();
    let json = run(["run", "--engine", "javascript", "--json", "-c", "1"]).stdout;
    let outcome: serde_json::Value = serde_json::from_str(&json).unwrap();
    let keys =
        |value: &serde_json::Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(keys(&outcome), keys(&schema["properties"]));
}
