//! The library's tests, in one program: each that is linked for itself takes as long to link as most of these take to run.
//!
//! Not here are those that measure the process or the moment, which wants the process to itself: `attacks_cpu`, `attacks_memory`, `deadline`, `soak`.

mod common;
#[path = "common/packages.rs"]
mod packages;
#[path = "common/place.rs"]
mod place;
#[path = "common/server.rs"]
mod server;

mod attacks;
mod attacks_files;
mod attacks_files_javascript;
mod attacks_host;
mod attacks_net;
mod attacks_output;
mod attacks_secrets;
mod audit;
mod corpus;
mod engines;
mod image;
mod modules;
mod mounts;
mod net;
mod node_files;
mod programs;
mod recursion;
mod repeatable;
mod session;
mod snapshot;
mod stream;
mod tools;
mod tools_bounds;
mod typescript;

/// A file that is neither a module here nor a program of its own would be run by nobody.
#[test]
fn no_file_is_forgotten() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).expect("the file can be read");
    let (modules, manifest) = (read("tests/all.rs"), read("Cargo.toml"));
    for entry in std::fs::read_dir(folder.join("tests")).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_stem().expect("a file has a name").to_string_lossy();
        let known = modules.lines().any(|line| line == format!("mod {name};"))
            || manifest.contains(&format!("name = \"{name}\""));
        assert!(known, "declare {name} in tests/all.rs, or as a program of its own in Cargo.toml");
    }
}
