//! Everything that a rule lets pass, in one place, each with its reason.

/// A file or function that may be longer than others: what, and why.
pub(super) const LONG: &[(&str, &str)] =
    &[("benches/src/figure.rs::figures", "one table, in the order in which it is printed")];

/// Which files of the library own which part of the machine. A path that ends in `/` is a folder.
pub(super) const OWNERS: &[(&str, &[&str])] = &[
    // Images are files, found through the environment, and made under a name with the process in it.
    ("crates/belljar/src/engine/image.rs", &["std::fs", "std::env", "std::process", "rustix::process"]),
    ("crates/belljar/src/engine/bake.rs", &["std::fs", "std::process"]),
    // The kernel's table of the pages of this process.
    (
        "crates/belljar/src/engine/pages.rs",
        &["std::fs", "std::process", "rustix::ioctl", "rustix::io", "rustix::mm"],
    ),
    // The read-only files of an image: packed when it is made, mapped when it is opened.
    ("crates/belljar/src/fuzzing/worker.rs", &["std::fs"]),
    ("crates/belljar/src/host/files/pack/", &["std::fs"]),
    ("crates/belljar/src/host/mapped.rs", &["std::fs", "rustix::mm"]),
    // Mounted directories are reached from descriptors, and in no other way.
    ("crates/belljar/src/host/files/mounts/", &["SystemTime", "rustix::fs"]),
    ("crates/belljar/src/host/files/error.rs", &["rustix::io"]),
    // The network: addresses, and names that become addresses.
    ("crates/belljar/src/host/net/", &["std::net"]),
    // The jail: what the process takes from itself.
    (
        "crates/belljar/src/worker/jail/linux/",
        &[
            "std::env",
            "std::fs",
            "std::process",
            "rustix::fs",
            "rustix::io",
            "rustix::process",
            "rustix::thread",
        ],
    ),
    // Worker processes: the program that is started and what becomes of it, the socket to it, memory that is shared with it, and waiting for any of these.
    (
        "crates/belljar/src/worker/process.rs",
        &["std::env", "std::fs", "std::process", "rustix::io", "rustix::param"],
    ),
    // The groups that bound them, which are folders with files.
    ("crates/belljar/src/worker/cgroups/", &["std::fs", "std::process", "rustix::fs"]),
    ("crates/belljar/src/worker/channel.rs", &["rustix::cmsg_space", "rustix::io", "rustix::net"]),
    ("crates/belljar/src/worker/memory.rs", &["std::fs", "rustix::fs"]),
    ("crates/belljar/src/worker/listen.rs", &["rustix::event", "rustix::io"]),
    ("crates/belljar/src/worker/peer.rs", &["rustix::event", "rustix::io"]),
    // A worker is asked for on the command line, and ends as a process.
    ("crates/belljar/src/worker/inside/mod.rs", &["std::env", "std::process"]),
    // Policies, and what they name: files with certificates, values of secrets, variables.
    ("crates/belljar/src/policy/machine.rs", &["std::fs", "std::env"]),
    // What the machine says about time and chance, each in the one file that asks.
    ("crates/belljar/src/host/stopwatch.rs", &["Instant", "rustix::time"]),
    ("crates/belljar/src/host/time.rs", &["SystemTime"]),
    ("crates/belljar/src/host/random.rs", &["std::fs", "rustix::rand"]),
];

/// Which files of the library call WebAssembly, and why.
pub(super) const CALLERS: &[(&str, &str)] = &[
    ("crates/belljar/src/engine/instance.rs", "the one place where guest code is entered"),
    ("crates/belljar/src/engine/imports.rs", "`try` goes back into the guest that called it"),
    (
        "crates/belljar/src/engine/bake.rs",
        "an engine's start-up, and the imports of the packages that an image is made with",
    ),
    ("crates/belljar/src/engine/erase/instance.rs", "our own parser, which reads code and runs none of it"),
];

/// Modules that may import each other, and why.
pub(super) const CIRCLES: &[(&str, &str)] = &[
    (
        "here, jar, live, session, snapshot, worker::services::serving",
        "a jar starts and restores sessions, and each form of a session knows the jar that it was made from",
    ),
    (
        "engine::imports, engine::paths, engine::types, engine::wasi",
        "one linker is filled by all, and all take a call apart in the same way",
    ),
];

/// Fields of `Limits` that bound nothing by themselves.
pub(super) const NOT_BOUNDS: &[(&str, &str)] =
    &[("on_output_limit", "a choice: what happens at `output_bytes`")];

/// Text in which a rule may be broken: path, what, why.
pub(super) const TEXT: &[(&str, &str, &str)] = &[
    ("crates/cli/src/commands/mcp/install.rs", "claude", "clients whose configuration is written"),
    ("crates/cli/src/commands/mcp/install.rs", "gemini", "a client whose configuration is written"),
    ("clients/README.md", "openai", "a client that is tested, by its name"),
    ("clients/openai_agents.py", "openai", "a client that is tested, by its name"),
    ("clients/packages/openai_agents.txt", "openai", "a client that is tested, by its name"),
    ("docs/mcp.md", "openai", "a client that is tested, by its name"),
    ("xtask/src/clients/mod.rs", "openai", "a client that is tested, by its name"),
    ("xtask/src/tidy/exceptions.rs", "claude", "this list names it"),
    ("xtask/src/tidy/exceptions.rs", "gemini", "this list names it"),
    ("xtask/src/tidy/exceptions.rs", "openai", "this list names it"),
];

/// Whether `what` may stand in the file at `path`.
pub(super) fn may_say(path: &str, what: &str) -> bool {
    TEXT.iter().any(|(file, text, _)| *file == path && *text == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_few_exceptions_and_each_has_a_reason() {
        assert!(LONG.len() <= 5);
        let reasons = LONG
            .iter()
            .chain(NOT_BOUNDS)
            .chain(CALLERS)
            .chain(CIRCLES)
            .map(|(_, why)| why)
            .chain(TEXT.iter().map(|(_, _, why)| why));
        assert!(reasons.into_iter().all(|why| why.split_whitespace().count() >= 3));
    }
}
