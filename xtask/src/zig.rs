//! The one compiler of all engines: PyPI's `ziglang`, which brings clang, lld and a libc for WebAssembly in one wheel.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::{self, Cache};
use crate::fetch::pypi::Wheel;

const WHEEL: Wheel<'static> = Wheel {
    name: "ziglang",
    version: "0.17.1",
    sha256: "ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54",
};

/// What goes into the key of whatever zig compiles.
pub(crate) const VERSION: &str = WHEEL.version;

/// Name, version and SHA-256 of the wheel that it comes in.
pub(crate) fn pinned() -> (&'static str, &'static str, &'static str) {
    (WHEEL.name, WHEEL.version, WHEEL.sha256)
}

/// The compiler, bound to one build folder.
pub(crate) struct Zig {
    program: PathBuf,
    local_cache: PathBuf,
    global_cache: PathBuf,
}

impl Zig {
    /// Fetches the compiler if need be. `work` is the build folder: zig's cache key ignores the working directory, so two builds
    /// with relative include paths that shared a cache would get each other's objects.
    pub(crate) fn fetch(cache: &Cache, work: &Path) -> Result<Self> {
        let program = WHEEL.fetch(cache)?.join("ziglang/zig");
        make_executable(&program)?;
        Ok(Self { program, local_cache: work.join("zig-cache"), global_cache: cache.root().join("zig") })
    }

    /// A zig command (`cc`, `c++`, `ar`, ...) ready for its arguments.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(name);
        command.envs(self.environment());
        command
    }

    /// The program itself, for wrapper scripts; these need `environment` too.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// The variables that a zig process must see.
    pub(crate) fn environment(&self) -> [(&'static str, &Path); 2] {
        [("ZIG_LOCAL_CACHE_DIR", &self.local_cache), ("ZIG_GLOBAL_CACHE_DIR", &self.global_cache)]
    }
}

/// Python's zipfile drops the mode bits.
fn make_executable(program: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(program, mode)
        .with_context(|| format!("marking {} executable", program.display()))
}

/// A C file as an array, for what is compiled into an engine: `static const char name[]`, with a zero at its end.
pub(crate) fn embed(name: &str, bytes: &[u8], out: &Path) -> Result<()> {
    let mut text = format!("static const char {name}[] = {{\n");
    for line in bytes.chunks(24) {
        for byte in line {
            text.push_str(&format!("{byte},"));
        }
        text.push('\n');
    }
    text.push_str("0};\n");
    cache::write(out, text)
}
