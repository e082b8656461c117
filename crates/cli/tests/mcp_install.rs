//! `belljar mcp install`: what it prints, and what it writes into a client's configuration.

mod program;

use serde_json::{Value, json};

/// A configuration that a test writes to.
struct File(std::path::PathBuf);

impl File {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("belljar-install-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("it can be made");
        Self(folder.join("mcp.json"))
    }

    fn text(&self) -> &str {
        self.0.to_str().expect("it is text")
    }

    fn json(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(&self.0).expect("it is there")).expect("it is JSON")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().expect("it has a folder"));
    }
}

#[test]
fn it_prints_what_a_client_needs_to_know() {
    let gave = program::run(["mcp", "install", "cursor", "--", "--time", "30s"]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    let printed: Value = serde_json::from_str(&gave.stdout).expect("it is JSON");
    let server = &printed["mcpServers"]["belljar"];
    assert_eq!(server["args"], json!(["mcp", "--time", "30s"]));
    assert_eq!(server["command"], env!("CARGO_BIN_EXE_belljar"));
    let cache = std::env::var("XDG_CACHE_HOME").ok();
    let expected = cache.map_or_else(|| json!({}), |cache| json!({ "XDG_CACHE_HOME": cache }));
    assert_eq!(server["env"], expected);
    let gave = program::run(["mcp", "install", "vscode", "--name", "jar"]);
    let printed: Value = serde_json::from_str(&gave.stdout).expect("it is JSON");
    assert_eq!(printed["servers"]["jar"]["type"], "stdio");
}

#[test]
fn the_server_finds_what_this_one_finds() {
    let output = program::belljar()
        .args(["mcp", "install", "zed"])
        .envs([("XDG_CACHE_HOME", "/srv/cache"), ("BELLJAR_POLICY", "/srv/policy.toml"), ("OTHER", "x")])
        .output();
    let gave = program::Gave::from(output.expect("the program can be started"));
    let printed: Value =
        serde_json::from_str(&gave.stdout).unwrap_or_else(|error| panic!("{error}: {gave:?}"));
    assert_eq!(
        printed["context_servers"]["belljar"]["env"],
        json!({ "XDG_CACHE_HOME": "/srv/cache", "BELLJAR_POLICY": "/srv/policy.toml" })
    );
}

#[test]
fn it_writes_beside_what_is_there() {
    let file = File::new("beside");
    std::fs::write(&file.0, r#"{"theme": "dark", "mcpServers": {"other": {"command": "x"}}}"#).unwrap();
    for _ in 0..2 {
        let gave = program::run(["mcp", "install", "cursor", "--write", "--file", file.text()]);
        assert_eq!(gave.code, Some(0), "{gave:?}");
    }
    let written = file.json();
    assert_eq!(
        (&written["theme"], &written["mcpServers"]["other"]["command"]),
        (&json!("dark"), &json!("x"))
    );
    assert_eq!(written["mcpServers"]["belljar"]["args"], json!(["mcp"]));
    assert_eq!(std::fs::read_dir(file.0.parent().unwrap()).unwrap().count(), 1, "nothing else is left there");
}

#[test]
fn it_makes_a_configuration_that_is_not_there_and_spoils_none_that_it_cannot_read() {
    let file = File::new("spoils");
    assert_eq!(program::run(["mcp", "install", "cursor", "--write", "--file", file.text()]).code, Some(0));
    assert_eq!(file.json()["mcpServers"]["belljar"]["args"], json!(["mcp"]));
    for text in ["{ // a comment\n}", "[1]", r#"{"mcpServers": []}"#, "{"] {
        std::fs::write(&file.0, text).unwrap();
        let gave = program::run(["mcp", "install", "cursor", "--write", "--file", file.text()]);
        gave.refused_somehow(file.text());
        assert_eq!(std::fs::read_to_string(&file.0).unwrap(), text);
    }
}
