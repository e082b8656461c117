//! CPython for the sandbox, as archives to link: configured and made by its own build system, with our compiler.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::super::Bench;
use super::native::jobs;
use crate::cache::{self, Key, Shelf};
use crate::fetch::debian::Version;
use crate::progress::run_logged;
use crate::require::{self, require};
use crate::zig::{self, Zig};

/// What the build needs.
pub(super) struct Parts<'a> {
    pub(super) source: &'a Path,
    pub(super) native: &'a Path,
    pub(super) libraries: &'a Path,
}

/// The sources, beside the build folder.
const SOURCE: &str = "source";

/// Archives of the build, besides the interpreter's own, which is called after its version.
const ARCHIVES: [&str; 3] =
    ["Modules/_hacl/libHacl_Hash_SHA2.a", "Modules/expat/libexpat.a", "Modules/_decimal/libmpdec/libmpdec.a"];

/// What a configure script is told about the four libraries: the prefix of its variables, and what to link.
const LIBRARIES: [(&str, &str); 4] = [
    ("ZLIB", "-lz"),
    ("BZIP2", "-lbz2"),
    ("LIBLZMA", "-llzma"),
    ("LIBSQLITE3", "-lsqlite3 -lwasi-emulated-mman"),
];

/// Builds it once; archives are in `lib/` of the folder returned, and `pyconfig.h` in `include/`.
pub(super) fn build(bench: &Bench, version: &Version, parts: &Parts) -> Result<PathBuf> {
    let site = bench.folder.join("config.site");
    let parser_header = bench.folder.join("parser.h");
    let mut key = Key::new();
    key.part("source", version.sha256.as_bytes())
        .part("zig", zig::VERSION.as_bytes())
        .part("libraries", parts.libraries.as_os_str().as_encoded_bytes())
        .part("site", &cache::read(&site)?)
        .part("parser", &cache::read(&parser_header)?)
        .part("recipe", include_bytes!("interpreter.rs"));
    let name = format!("python-wasm-{}-{}", version.upstream, key.finish());
    bench.cache.entry(Shelf::Tools, &name, |draft| {
        require(&[&require::MAKE])?;
        let log = bench.cache.root().join("logs").join("python-wasm.log");
        let zig = Zig::fetch(bench.cache, &draft.work)?;
        let wrappers = write_wrappers(&zig, &draft.work)?;
        let build = draft.work.join("build");
        cache::create(&build)?;
        let site = write_site(&site, parts.source, &draft.work)?;
        cache::write(&draft.work.join("parser.h"), cache::read(&parser_header)?)?;
        // Errors of the interpreter name the file of its sources that they come from, as the compiler was told it: by a path from the build
        // folder, so that the engine is the same wherever it is built, and shows nothing of the machine.
        symlink(parts.source, draft.work.join(SOURCE)).context("linking the sources")?;
        let run = |command: &mut Command| {
            // The interpreter says when it was built: the same moment for everybody.
            command.current_dir(&build).env("CONFIG_SITE", &site).env("SOURCE_DATE_EPOCH", "0");
            run_logged(command, &log)
        };
        run(&mut configure(parts, &wrappers))?;
        let interpreter = format!("libpython{}.a", super::series(version));
        let mut parser = Command::new("make");
        let flags = format!("EXTRA_CFLAGS=-I../{SOURCE}/Parser -include ../parser.h");
        run(parser.arg("Parser/parser.o").arg(flags))?;
        let mut make = Command::new("make");
        run(make.arg(format!("-j{}", jobs())).arg(&interpreter).args(ARCHIVES))?;
        for archive in ARCHIVES.iter().copied().chain([interpreter.as_str()]) {
            let name = Path::new(archive).file_name().context("an archive without a name")?;
            cache::write(&draft.out.join("lib").join(name), cache::read(&build.join(archive))?)?;
        }
        cache::write(&draft.out.join("include/pyconfig.h"), cache::read(&build.join("pyconfig.h"))?)
    })
}

fn configure(parts: &Parts, wrappers: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg(format!("../{SOURCE}/configure"));
    command.args([
        "--quiet",
        "--host=wasm32-wasip1",
        "--prefix=/usr",
        "--with-pymalloc",
        "--disable-test-modules",
        "--without-ensurepip",
        // Optimised again as one piece when it is linked, which is worth 6 % of CPU time.
        // Hashes of text are the shim's (`hash.c`).
        "CFLAGS=-O3 -flto -DPy_HASH_ALGORITHM=Py_HASH_EXTERNAL",
        "HOSTRUNNER=true",
        "PKG_CONFIG=false",
    ]);
    command.arg(format!("--build={}-pc-linux-gnu", std::env::consts::ARCH));
    command.arg(format!("--with-build-python={}", parts.native.join("python").display()));
    for (variable, name) in [("CC", "cc"), ("AR", "ar"), ("RANLIB", "ranlib")] {
        command.env(variable, wrappers.join(name));
    }
    command.env("CPP", format!("{} -E", wrappers.join("cc").display()));
    for (variable, link) in LIBRARIES {
        let folder = parts.libraries.display();
        command.env(format!("{variable}_CFLAGS"), format!("-I{folder}/include"));
        command.env(format!("{variable}_LIBS"), format!("-L{folder}/lib {link}"));
    }
    command
}

/// CPython's own answers for this target, and then ours.
fn write_site(ours: &Path, source: &Path, work: &Path) -> Result<PathBuf> {
    let theirs = cache::read(&source.join("Tools/wasm/config.site-wasm32-wasi"))?;
    let path = work.join("config.site");
    cache::write(&path, [theirs, cache::read(ours)?].concat())?;
    Ok(path)
}

/// Compiler and archiver as programs with one word for a name, which is what configure scripts expect.
fn write_wrappers(zig: &Zig, work: &Path) -> Result<PathBuf> {
    let folder = work.join("bin");
    let environment: String = zig
        .environment()
        .iter()
        .map(|(name, path)| format!("export {name}='{}'\n", path.display()))
        .collect();
    // zig makes -O3 an -O2 and keeps frame pointers, unless told behind its back.
    let cc = "cc -target wasm32-wasi -g0 -Wno-error=date-time -Wno-date-time -fomit-frame-pointer \"$@\" -Xclang -O3";
    for (name, arguments) in [("cc", cc), ("ar", "ar \"$@\""), ("ranlib", "ranlib \"$@\"")] {
        let path = folder.join(name);
        let script = format!("#!/bin/sh\n{environment}exec '{}' {arguments}\n", zig.program().display());
        cache::write(&path, script)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .with_context(|| format!("marking {} executable", path.display()))?;
    }
    Ok(folder)
}
