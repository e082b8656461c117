//! `belljar schema`: what is published is what the program prints.

mod program;

use program::run;

#[test]
fn the_published_schema_is_the_programs() {
    for what in ["outcome", "audit", "policy"] {
        let published = format!("{}/../../docs/{what}.schema.json", env!("CARGO_MANIFEST_DIR"));
        let published = std::fs::read_to_string(published).unwrap_or_default();
        let printed = run(["schema", what]).stdout;
        assert!(
            printed == published,
            "run `belljar schema {what} > docs/{what}.schema.json` and look at the difference"
        );
    }
    assert_eq!(run(["schema"]).stdout, run(["schema", "outcome"]).stdout);
    assert_eq!(run(["policy", "schema"]).stdout, run(["schema", "policy"]).stdout);
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
