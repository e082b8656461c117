//! Images: found, verified and mapped. The only place that knows one language from another.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use wasmtime::{InstancePre, Linker, Module};

use super::State;
use super::deadline::StopTable;
use super::imports;
use super::runtime::{Counting, Runtime};
use crate::baking::BakedPackage;
use crate::error::{Error, Result};
use crate::host::files::pack::Pack;
use crate::host::mapped::Mapped;
use crate::limits::MIB;

/// The version of the contract that this host speaks (`engines/abi.md`).
pub(crate) const ABI: u32 = 1;

/// The file that says what an image is.
pub(crate) const MANIFEST: &str = "image.json";
/// The file with the read-only files that every session sees.
pub(crate) const FILES: &str = "files.pack";
/// The file with the memory of a session that has run nothing yet, without the zeros at its end, in whole pages.
pub(crate) const MEMORY: &str = "memory.bin";
/// The file with the engine itself, from which other images can be made.
pub(crate) const ENGINE: &str = "engine.wasm";
/// The file that remembers which files were verified.
const VERIFIED: &str = "verified.json";

/// Memory that an image must leave for the code.
const MEMORY_ROOM_BYTES: u64 = MIB;

/// A language that engines implement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// CPython.
    Python,
    /// QuickJS-ng, or MicroQuickJS.
    JavaScript,
    /// No engine runs it: its image takes the types out, and what is left is JavaScript.
    TypeScript,
}

impl Language {
    /// The file name of code that was given none.
    #[must_use]
    pub fn default_name(self) -> &'static str {
        match self {
            Self::Python => "main.py",
            Self::JavaScript => "main.js",
            Self::TypeScript => "main.ts",
        }
    }
}

/// What an image says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) language: Language,
    /// Version of the language's implementation.
    pub(crate) version: String,
    pub(crate) abi: u32,
    /// BLAKE3 of the engine that the image was made from.
    pub(crate) engine_blake3: String,
    /// Linear memory of a session before it has run anything.
    pub(crate) memory_bytes: u64,
    pub(crate) stop_table: Vec<(u32, u32)>,
    /// Pages that every session writes (`engine::bridges`).
    pub(crate) bridges: Vec<u32>,
    /// BLAKE3 of every other file of the image.
    pub(crate) files: Vec<(String, String)>,
    /// The image that it was made from, if it was made with packages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// The packages among its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) packages: Vec<BakedPackage>,
    /// The modules of which it was made to import each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) imports: Vec<String>,
}

impl Manifest {
    /// What is known of an image before it is made.
    pub(crate) fn of_engine(name: String, language: Language, version: String, wasm: &[u8]) -> Self {
        let engine_blake3 = blake3::hash(wasm).to_hex().to_string();
        let (stop_table, files, packages, imports) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            name,
            language,
            version,
            abi: ABI,
            engine_blake3,
            memory_bytes: 0,
            stop_table,
            bridges: Vec::new(),
            files,
            from: None,
            packages,
            imports,
        }
    }
}

/// An engine after start-up, frozen: machine code and memory, mapped read-only and shared by all sessions on the machine.
#[derive(Clone)]
pub struct Image(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    manifest: Manifest,
    runtime: Runtime,
    files: Arc<Pack>,
    memory: Base,
    plain: OnceLock<Code>,
    fueled: OnceLock<Code>,
}

/// The memory of a session that has run nothing yet, without the zeros at its end.
pub(crate) type Base = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Machine code of an image, ready to be instantiated.
#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) pre: InstancePre<State>,
    pub(crate) base: Base,
    pub(crate) stop_table: StopTable,
    pub(crate) bridges: Arc<[u32]>,
    pub(crate) counts_fuel: bool,
    pub(crate) sessions_max: u32,
}

impl Image {
    /// Finds the image `name`: next to the program, or in the user's cache.
    ///
    /// # Errors
    ///
    /// [`Error::NoImage`] says where it was looked for; [`Error::Image`] why one that was found cannot be trusted.
    pub fn open(runtime: &Runtime, name: &str) -> Result<Self> {
        Self::open_in(runtime, name, &search_path())
    }

    /// Finds the image `name` in one of `folders`.
    ///
    /// # Errors
    ///
    /// As for [`Image::open`].
    pub fn open_in(runtime: &Runtime, name: &str, folders: &[PathBuf]) -> Result<Self> {
        let candidates: Vec<PathBuf> =
            folders.iter().map(|folder| folder.join(runtime.key()).join(name)).collect();
        let found = candidates.iter().find(|folder| folder.join(MANIFEST).is_file());
        let Some(folder) = found.filter(|_| is_name(name)) else {
            return Err(Error::NoImage { name: name.to_owned(), looked: candidates });
        };
        let manifest = verify(folder)?;
        let files = open_file(folder, FILES)?;
        let files = Pack::map(&files).map_err(|reason| untrusted(folder, reason.to_string()))?;
        let memory = open_file(folder, MEMORY)?;
        let memory = Mapped::new(&memory).map_err(|error| Error::io(reading(&folder.join(MEMORY)), error))?;
        let memory: Base = Arc::new(memory);
        let (folder, runtime, files) = (folder.clone(), runtime.clone(), Arc::new(files));
        let (plain, fueled) = (OnceLock::new(), OnceLock::new());
        Ok(Self(Arc::new(Inner { folder, manifest, runtime, files, memory, plain, fueled })))
    }

    /// The names of the images that this program could use, wherever images are looked for.
    #[must_use]
    pub fn installed(runtime: &Runtime) -> Vec<String> {
        let shelves =
            search_path().into_iter().filter_map(|folder| folder.join(runtime.key()).read_dir().ok());
        let folders =
            shelves.flatten().filter_map(Result::ok).filter(|entry| entry.path().join(MANIFEST).is_file());
        let mut names: Vec<String> =
            folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names.dedup();
        names
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.manifest.name
    }

    /// Its language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.0.manifest.language
    }

    /// The version of the language's implementation.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.manifest.version
    }

    /// Where it lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// BLAKE3 of the engine that it was made from, in hexadecimal.
    #[must_use]
    pub fn engine_blake3(&self) -> &str {
        &self.0.manifest.engine_blake3
    }

    /// The image that it was made from, if it was made with packages ([`bake_image`](crate::bake_image)).
    #[must_use]
    pub fn from(&self) -> Option<&str> {
        self.0.manifest.from.as_deref()
    }

    /// The packages that it was made with.
    #[must_use]
    pub fn packages(&self) -> &[BakedPackage] {
        &self.0.manifest.packages
    }

    /// The modules that it was made to import.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.0.manifest.imports
    }

    /// The least memory with which a session of this image makes sense, in bytes.
    #[must_use]
    pub fn memory_bytes_min(&self) -> u64 {
        self.0.manifest.memory_bytes + MEMORY_ROOM_BYTES
    }

    /// Where other images of the same making are found: where this one was, or in the usual places.
    pub(crate) fn near(&self) -> Vec<PathBuf> {
        std::iter::once(self.shelf().to_owned()).chain(search_path()).collect()
    }

    /// The folder with images of all makings in which it was found.
    pub(crate) fn shelf(&self) -> &Path {
        self.0.folder.ancestors().nth(2).unwrap_or(&self.0.folder)
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.0.runtime
    }

    pub(crate) fn files(&self) -> &Arc<Pack> {
        &self.0.files
    }

    /// The memory of a session that has run nothing yet, without the zeros at its end.
    pub(crate) fn memory(&self) -> &[u8] {
        (*self.0.memory).as_ref()
    }

    /// What tells this image from all others: the hash of its content.
    pub(crate) fn id(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for (name, hash) in &self.0.manifest.files {
            hasher.update(name.as_bytes()).update(hash.as_bytes());
        }
        hasher.finalize()
    }

    /// The machine code, mapped at first use.
    pub(crate) fn code(&self, counting: Counting) -> Result<&Code> {
        let slot = match counting {
            Counting::Nothing => &self.0.plain,
            Counting::Fuel => &self.0.fueled,
        };
        if let Some(code) = slot.get() {
            return Ok(code);
        }
        let code = self.map_code(counting)?;
        Ok(slot.get_or_init(|| code))
    }

    /// Maps the machine code for `engine`.
    pub(crate) fn module(&self, engine: &wasmtime::Engine, counting: Counting) -> Result<Module> {
        map_code(&self.0.folder, engine, counting)
    }

    fn map_code(&self, counting: Counting) -> Result<Code> {
        let module = self.module(self.0.runtime.engine(counting)?, counting)?;
        let base = Arc::clone(&self.0.memory);
        Code::link((&self.0.runtime, counting), &module, base, &self.0.manifest)
            .map_err(|error| untrusted(&self.0.folder, format!("{error:#}")))
    }
}

impl Code {
    /// Machine code of the image that says `manifest` of itself, with our functions for it to call.
    pub(crate) fn link(
        (runtime, counting): (&Runtime, Counting),
        module: &Module,
        base: Base,
        manifest: &Manifest,
    ) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(module.engine());
        imports::add_to_linker(&mut linker)?;
        Ok(Self {
            pre: linker.instantiate_pre(module)?,
            base,
            stop_table: manifest.stop_table.clone().into(),
            bridges: manifest.bridges.clone().into(),
            counts_fuel: counting == Counting::Fuel,
            sessions_max: runtime.sessions_max(),
        })
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Image")
            .field("name", &self.name())
            .field("folder", &self.0.folder)
            .finish_non_exhaustive()
    }
}

/// The name of the file with machine code.
pub(crate) fn code_file(counting: Counting) -> &'static str {
    match counting {
        Counting::Nothing => "code.cwasm",
        Counting::Fuel => "code-fuel.cwasm",
    }
}

/// Where images are looked for: in `images` next to the program, then in the user's cache.
#[must_use]
pub fn search_path() -> Vec<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join("images")));
    beside.into_iter().chain(cache_folder()).collect()
}

/// Where images are kept for a user: `$XDG_CACHE_HOME/belljar/images`, or the same under `~/.cache`.
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("belljar").join("images"))
}

/// Maps the machine code in `folder` for `engine`.
pub(super) fn map_code(folder: &Path, engine: &wasmtime::Engine, counting: Counting) -> Result<Module> {
    let file = open_file(folder, code_file(counting))?;
    map_module(engine, file).map_err(|error| untrusted(folder, format!("{error:#}")))
}

#[expect(unsafe_code, reason = "machine code is trusted input: see the argument below")]
fn map_module(engine: &wasmtime::Engine, file: File) -> wasmtime::Result<Module> {
    // SAFETY: `deserialize_open_file` needs bytes that wasmtime itself produced. `verify` has compared this file's content with the hash that
    // was written when the image was made, and made sure that nobody but its owner, who is us or root, can change it. While it is made
    // (`engine::bake`), the file was written by this process just now, into a folder that is its owner's alone.
    unsafe { Module::deserialize_open_file(engine, file) }
}

/// What was verified, and what the file looked like to the system then. A change time cannot be set, so the same one means the same bytes.
#[derive(PartialEq, Serialize, Deserialize)]
struct Stamp {
    name: String,
    hash: String,
    device: u64,
    inode: u64,
    size: u64,
    changed_s: i64,
    changed_ns: i64,
}

/// Whether an image may have this name, which is also its folder's.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
}

/// Checks that the image is whole and that nobody else could have changed it. Content is hashed once and remembered.
fn verify(folder: &Path) -> Result<Manifest> {
    private(folder, &folder.metadata().map_err(|error| Error::io(reading(folder), error))?)?;
    let manifest: Manifest = read_json(folder, MANIFEST)?;
    if manifest.abi != ABI {
        let reason = format!(
            "it speaks version {} of the engine contract, and this program version {ABI}",
            manifest.abi
        );
        return Err(untrusted(folder, reason));
    }
    let stamps =
        manifest.files.iter().map(|(name, hash)| stamp(folder, name, hash)).collect::<Result<Vec<_>>>()?;
    let known: Vec<Stamp> = read_json(folder, VERIFIED).unwrap_or_default();
    if stamps == known {
        return Ok(manifest);
    }
    for (name, hash) in &manifest.files {
        let path = folder.join(name);
        let found = hash_file(&path).map_err(|error| Error::io(reading(&path), error))?;
        if found != *hash {
            return Err(untrusted(
                folder,
                format!("{name} is damaged: its content does not have the recorded hash"),
            ));
        }
    }
    // Only a shortcut for the next start: where the folder cannot be written, every start hashes.
    let _ = serde_json::to_vec(&stamps).map(|json| write_private(&folder.join(VERIFIED), &json));
    Ok(manifest)
}

fn stamp(folder: &Path, name: &str, hash: &str) -> Result<Stamp> {
    let metadata =
        open_file(folder, name)?.metadata().map_err(|error| Error::io(reading(&folder.join(name)), error))?;
    Ok(Stamp {
        name: name.to_owned(),
        hash: hash.to_owned(),
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        changed_s: metadata.ctime(),
        changed_ns: metadata.ctime_nsec(),
    })
}

/// Opens a file of an image after checking that nobody else can change it.
fn open_file(folder: &Path, name: &str) -> Result<File> {
    let path = folder.join(name);
    let file = File::open(&path).map_err(|error| Error::io(reading(&path), error))?;
    private(folder, &file.metadata().map_err(|error| Error::io(reading(&path), error))?)?;
    Ok(file)
}

fn private(folder: &Path, metadata: &std::fs::Metadata) -> Result<()> {
    let me = rustix::process::geteuid().as_raw();
    if metadata.uid() != me && metadata.uid() != 0 {
        return Err(untrusted(
            folder,
            format!("it belongs to user {}, who is neither you nor root", metadata.uid()),
        ));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(untrusted(folder, "others may write to it".to_owned()));
    }
    Ok(())
}

fn read_json<T: serde::de::DeserializeOwned>(folder: &Path, name: &str) -> Result<T> {
    let mut json = Vec::new();
    open_file(folder, name)?
        .read_to_end(&mut json)
        .map_err(|error| Error::io(reading(&folder.join(name)), error))?;
    serde_json::from_slice(&json).map_err(|error| untrusted(folder, format!("{name}: {error}")))
}

/// BLAKE3 of a file, in hexadecimal.
pub(crate) fn hash_file(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Writes a file that only its owner can read, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let temporary = path.with_extension(format!("{}.part", std::process::id()));
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn reading(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

fn untrusted(folder: &Path, reason: String) -> Error {
    Error::Image { path: folder.to_owned(), reason }
}
