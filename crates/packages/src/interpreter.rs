//! What the resolver is told about the sandbox's Python.
//!
//! The resolver asks an interpreter what it is by running it. Ours runs in the sandbox, and there need be none on this machine: so it is given
//! a program that prints the answer. Packages that depend on the platform then see the one that the code will see.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::error::Result;
use crate::store::{Store, write_whole};

/// Which wheels the resolver may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tags {
    /// Those without machine code.
    Pure,
    /// Those for this machine as well: some are as good without their machine code, and for the others it can be said which they are.
    Compiled,
}

/// The program that answers for the sandbox's Python.
pub(crate) fn program(store: &Store, version: &str, tags: Tags) -> Result<PathBuf> {
    let answer = answer(version, tags).to_string();
    // JSON in single quotes: none of it has one.
    let script = format!("#!/bin/sh\nprintf '%s\\n' '{answer}'\n");
    let key = &blake3::hash(script.as_bytes()).to_hex()[..16];
    let program = store.folder("interpreters")?.join(format!("{key}/bin/python3"));
    if !std::fs::read(&program).is_ok_and(|found| found == script.as_bytes()) {
        write_whole(&program, script.as_bytes(), 0o700)?;
    }
    Ok(program)
}

fn answer(version: &str, tags: Tags) -> Value {
    let series = version.rsplit_once('.').map_or(version, |(series, _)| series);
    // No wheel is made for the first of these systems, so that only those for any are left.
    let os = match tags {
        Tags::Pure => json!({"name": "haiku", "release": "0"}),
        Tags::Compiled => json!({"name": "manylinux", "major": 2, "minor": 17}),
    };
    json!({
        "result": "success",
        "markers": {
            "implementation_name": "cpython",
            "implementation_version": version,
            "os_name": "posix",
            "platform_machine": "wasm32",
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "wasi",
            "platform_version": "",
            "python_full_version": version,
            "python_version": series,
            "sys_platform": "wasi",
        },
        "sys_base_prefix": "/usr",
        "sys_base_exec_prefix": "/usr",
        "sys_prefix": "/usr",
        "sys_base_executable": "/usr/bin/python3",
        "sys_executable": "/usr/bin/python3",
        "sys_path": [],
        "site_packages": [],
        "stdlib": format!("/usr/lib/python{series}"),
        "extension_suffixes": [],
        "standalone": false,
        "scheme": {
            "platlib": "/packages",
            "purelib": "/packages",
            "include": "/usr/include",
            "scripts": "/usr/bin",
            "data": "/usr",
        },
        "virtualenv": {"purelib": "lib", "platlib": "lib", "include": "include", "scripts": "bin", "data": ""},
        "os": os,
        "arch": "x86_64",
        "platform": {"os": os, "arch": "x86_64"},
        "cpu_info": {"detected": {"kind": "flags", "flags": ""}},
        "manylinux_compatible": true,
        "gil_disabled": false,
        "debug_enabled": false,
        "pointer_size": "64",
    })
}
