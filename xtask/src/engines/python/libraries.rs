//! The C libraries behind `zlib`, `bz2`, `lzma` and `sqlite3`, compiled from the sources that crates bring.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::native::jobs;
use crate::cache::{self, Cache, Key, Shelf};
use crate::fetch::crates::Crate;
use crate::progress::run_logged;
use crate::zig::{self, Zig};

/// One library: where its sources are in its crate, and how they are compiled.
struct Library {
    /// The archive becomes `lib<name>.a`.
    name: &'static str,
    from: Crate,
    /// Folders of C files; every one is compiled unless its name ends as in `without`.
    folders: &'static [&'static str],
    files: &'static [&'static str],
    without: &'static [&'static str],
    include: &'static [&'static str],
    flags: &'static [&'static str],
    /// Headers that users of the library include: files and folders.
    headers: &'static [&'static str],
}

const LIBRARIES: [Library; 4] = [
    Library {
        name: "z",
        from: Crate {
            name: "libz-sys",
            version: "1.1.31",
            sha256: "ff20308ecabd635a2dc1dd5834a86c462cca20efba1d5d3ddab1f8aea3455cb2",
        },
        folders: &["src/zlib"],
        files: &[],
        // Its own layer for files; Python has one.
        without: &["gzclose.c", "gzlib.c", "gzread.c", "gzwrite.c"],
        include: &["src/zlib"],
        flags: &["-DHAVE_UNISTD_H"],
        headers: &["src/zlib/zlib.h", "src/zlib/zconf.h"],
    },
    Library {
        name: "bz2",
        from: Crate {
            name: "bzip2-sys",
            version: "0.1.13+1.0.8",
            sha256: "225bff33b2141874fe80d71e07d6eec4f85c5c216453dd96388240f96e1acc14",
        },
        folders: &[],
        files: &[
            "bzip2-1.0.8/blocksort.c",
            "bzip2-1.0.8/bzlib.c",
            "bzip2-1.0.8/compress.c",
            "bzip2-1.0.8/crctable.c",
            "bzip2-1.0.8/decompress.c",
            "bzip2-1.0.8/huffman.c",
            "bzip2-1.0.8/randtable.c",
        ],
        without: &[],
        include: &[],
        // Without this it prints to C's streams and exits; the shim defines what it calls instead.
        flags: &["-DBZ_NO_STDIO"],
        headers: &["bzip2-1.0.8/bzlib.h"],
    },
    Library {
        name: "lzma",
        from: Crate {
            name: "liblzma-sys",
            version: "0.4.9",
            sha256: "7c7e3581f367a78d7b7e7ae948d023310556f0cfc13156c2e4e00e25616492b9",
        },
        folders: &[
            "xz/src/liblzma/check",
            "xz/src/liblzma/common",
            "xz/src/liblzma/delta",
            "xz/src/liblzma/lz",
            "xz/src/liblzma/lzma",
            "xz/src/liblzma/rangecoder",
            "xz/src/liblzma/simple",
        ],
        files: &["xz/src/common/tuklib_cpucores.c", "xz/src/common/tuklib_physmem.c"],
        // Threads, generators of tables, and variants for small programs.
        without: &["mt.c", "tablegen.c", "_small.c", "clmul_consts_gen.c"],
        include: &[
            ".",
            "xz/src/common",
            "xz/src/liblzma/api",
            "xz/src/liblzma/check",
            "xz/src/liblzma/common",
            "xz/src/liblzma/delta",
            "xz/src/liblzma/lz",
            "xz/src/liblzma/lzma",
            "xz/src/liblzma/rangecoder",
            "xz/src/liblzma/simple",
        ],
        flags: &["-DHAVE_CONFIG_H=1", "-std=c99"],
        headers: &["xz/src/liblzma/api/lzma.h", "xz/src/liblzma/api/lzma"],
    },
    Library {
        name: "sqlite3",
        from: Crate {
            name: "libsqlite3-sys",
            version: "0.36.0",
            sha256: "95b4103cffefa72eb8428cb6b47d6627161e51c2739fc5e3b734584157bc642a",
        },
        folders: &[],
        files: &["sqlite3/sqlite3.c"],
        without: &[],
        include: &["sqlite3"],
        flags: &[
            "-D_WASI_EMULATED_GETPID",
            "-D_WASI_EMULATED_MMAN",
            "-DSQLITE_ENABLE_COLUMN_METADATA",
            "-DSQLITE_ENABLE_FTS5",
            "-DSQLITE_ENABLE_MATH_FUNCTIONS",
            "-DSQLITE_ENABLE_RTREE",
            "-DSQLITE_MAX_MMAP_SIZE=0",
            "-DSQLITE_OMIT_LOAD_EXTENSION",
            "-DSQLITE_OMIT_WAL",
            "-DSQLITE_TEMP_STORE=2",
            "-DSQLITE_THREADSAFE=0",
        ],
        headers: &["sqlite3/sqlite3.h"],
    },
];

/// The crates that the libraries come from.
pub(super) fn crates() -> impl Iterator<Item = &'static Crate> {
    LIBRARIES.iter().map(|library| &library.from)
}

/// Compiles them; `lib/` and `include/` are in the folder returned.
pub(super) fn build(cache: &Cache) -> Result<PathBuf> {
    let mut key = Key::new();
    key.part("zig", zig::VERSION.as_bytes()).part("recipe", include_bytes!("libraries.rs"));
    cache.entry(Shelf::Tools, &format!("python-libraries-{}", key.finish()), |draft| {
        let zig = Zig::fetch(cache, &draft.work)?;
        let log = cache.root().join("logs").join("python-libraries.log");
        for library in &LIBRARIES {
            let folder = library.from.fetch(cache)?;
            let objects = library.compile(&zig, &folder, &draft.work.join(library.name), &log)?;
            cache::create(&draft.out.join("lib"))?;
            let archive = draft.out.join("lib").join(format!("lib{}.a", library.name));
            run_logged(zig.command("ar").arg("rcs").arg(archive).args(objects), &log)?;
            library.copy_headers(&folder, &draft.out.join("include"))?;
        }
        Ok(())
    })
}

impl Library {
    fn sources(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let mut sources: Vec<PathBuf> = self.files.iter().map(|file| folder.join(file)).collect();
        for below in self.folders {
            let place = folder.join(below);
            let wanted = |path: &PathBuf| {
                let name = path.to_string_lossy();
                path.parent() == Some(&place)
                    && name.ends_with(".c")
                    && !self.without.iter().any(|end| name.ends_with(end))
            };
            sources.extend(cache::files(&place)?.into_iter().filter(wanted));
        }
        Ok(sources)
    }

    /// Compiles every source, as many at once as there are processors, and returns the objects.
    fn compile(&self, zig: &Zig, folder: &Path, work: &Path, log: &Path) -> Result<Vec<PathBuf>> {
        cache::create(work)?;
        let sources = self.sources(folder)?;
        let object = |at: usize| work.join(format!("{at}.o"));
        let compile = |at: usize, source: &Path| {
            let mut command = zig.command("cc");
            command.args(["-target", "wasm32-wasi", "-O3", "-g0", "-fomit-frame-pointer", "-DNDEBUG"]);
            command.args(self.flags).arg("-c").arg(source).arg("-o").arg(object(at));
            for below in self.include {
                command.arg("-I").arg(folder.join(below));
            }
            run_logged(command.args(["-Xclang", "-O3"]), log)
        };
        let lanes = jobs();
        std::thread::scope(|scope| {
            let lane = |lane: usize| {
                let mine = sources.iter().enumerate().skip(lane).step_by(lanes);
                mine.map(|(at, source)| compile(at, source)).collect::<Result<Vec<()>>>()
            };
            let handles: Vec<_> = (0..lanes).map(|number| scope.spawn(move || lane(number))).collect();
            handles.into_iter().try_for_each(|handle| match handle.join() {
                Ok(result) => result.map(drop),
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })
        .with_context(|| format!("compiling {}", self.name))?;
        Ok((0..sources.len()).map(object).collect())
    }

    fn copy_headers(&self, folder: &Path, include: &Path) -> Result<()> {
        for header in self.headers {
            let place = folder.join(header);
            let paths = if place.is_dir() { cache::files(&place)? } else { vec![place.clone()] };
            let above = place.parent().context("a header without a folder")?;
            for path in paths {
                let relative = path.strip_prefix(above).context("a header outside its folder")?;
                cache::write(&include.join(relative), cache::read(&path)?)?;
            }
        }
        Ok(())
    }
}
