//! The engines' own tests, in their own languages (`engines/*/tests`): each passes when it completes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::fs;
use std::path::Path;

use crate::common::jar_with;
use belljar::{Ended, Limits, Request};

#[test]
fn the_tests_of_the_python_engine_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../engines/python/tests");
    let jar = jar_with("python", Limits { time_ms: 60_000, cpu_ms: 60_000, ..Limits::default() });
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let outcome =
            jar.run_blocking(Request::new(fs::read_to_string(&path).unwrap()).name(name.clone())).unwrap();
        assert_eq!(outcome.ended, Ended::Completed, "{name}: {:?}", outcome.error);
    }
}
