//! `belljar doctor`: what is there, and whether it works.

mod program;

use program::{Folder, belljar, run};

#[test]
fn all_is_well_after_setup() {
    let gave = run(["doctor"]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    for line in [
        "kernel    Linux ",
        "cores     ",
        "memory    ",
        "python: ",
        "javascript: QuickJS-ng ",
        "microjs: ",
        "typescript: swc ",
    ] {
        assert!(gave.stdout.contains(line), "{line}: {}", gave.stdout);
    }
    // Whoever measured has one image more.
    let checks = gave.stdout.matches("\n  ok        ").count();
    assert!(checks >= 12 && checks.is_multiple_of(3), "three checks for each image: {}", gave.stdout);
}

#[test]
fn programs_can_read_it() {
    let gave = run(["doctor", "--json"]);
    let findings: serde_json::Value = serde_json::from_str(&gave.stdout).unwrap();
    assert_eq!(findings["ok"], true, "{findings:#}");
    assert!(findings["images"].as_array().unwrap().len() >= 4, "{findings:#}");
    assert!(findings["machine"]["cores"].as_u64().unwrap() > 0);
}

#[test]
fn without_images_it_says_what_to_do() {
    let folder = Folder::new("doctor");
    let output = belljar().env("XDG_CACHE_HOME", folder.path()).arg("doctor").output().unwrap();
    let gave = program::Gave::from(output);
    assert_eq!(gave.code, Some(125));
    assert!(
        gave.stdout.contains("missing: python, javascript, microjs, typescript\nhint: `cargo xtask setup`"),
        "{gave:?}"
    );
}
