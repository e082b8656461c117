//! Makes images: runs an engine's start-up once, with the packages that the image is to have, freezes the result, and compiles it ahead of
//! time.
//!
//! This is the only place where WebAssembly is compiled, and what it compiles is our own engines.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use wasmtime::{Engine, Instance, Linker, Module, Store, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

use super::State;
use super::bridges;
use super::cancel::CancelToken;
use super::checkpoint::PAGE_BYTES;
use super::deadline::{Deadline, StopTable};
use super::encode::{Encoder, Verb};
use super::image::{self, ABI, Code, ENGINE, FILES, Image, Language, MANIFEST, MEMORY, Manifest};
use super::imports;
use super::instance;
use super::runtime::{Counting, Runtime};
use crate::baking::{Baked, Baking};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::host::files::Files;
use crate::host::files::pack::{Pack, Packing};
use crate::host::random::Random;
use crate::host::stop::Stop;
use crate::host::time::Time;
use crate::limits::{Limits, MEMORY_BYTES_CEILING, TIME_MS_CEILING};
use crate::outcome::Stream;

/// What an engine's recipe says of it (`engine.json`).
#[derive(Debug, Deserialize)]
struct EngineManifest {
    name: String,
    language: Language,
    version: String,
    abi: u32,
}

/// An engine that has been started and frozen, and not compiled yet.
#[derive(Default)]
struct Frozen {
    wasm: Vec<u8>,
    /// Its memory without the zeros at the end, in whole pages.
    memory: Vec<u8>,
    memory_bytes: u64,
    stop_table: Vec<(u32, u32)>,
    /// Modules that could not be imported, as the engine told of them.
    not_imported: Vec<Vec<u8>>,
}

/// What an image is made from.
struct Material {
    /// What the image will say of itself, as far as it is known before.
    manifest: Manifest,
    wasm: Vec<u8>,
    files: Packing,
    /// What its start-up may use.
    limits: Limits,
}

/// Makes an image from the engine in `engine`, a folder that an engine's recipe left, and puts it under `images`. Whatever was there
/// under its name is replaced at once when the new image is whole.
///
/// # Errors
///
/// [`Error::Io`] when a file cannot be read or written, [`Error::Image`] when the engine does not start or does not compile.
pub(crate) fn bake(runtime: &Runtime, engine: &Path, images: &Path) -> Result<()> {
    let manifest: EngineManifest = {
        let path = engine.join("engine.json");
        let json = std::fs::read(&path).map_err(|error| reading(&path, error))?;
        serde_json::from_slice(&json).map_err(|error| Error::Image { path, reason: error.to_string() })?
    };
    if manifest.abi != ABI {
        let reason = format!("it speaks version {} of the engine contract, not {ABI}", manifest.abi);
        return Err(Error::Image { path: engine.to_owned(), reason });
    }
    if !image::is_name(&manifest.name) {
        let reason = format!("{:?} cannot be the name of an image", manifest.name);
        return Err(Error::Image { path: engine.to_owned(), reason });
    }
    let wasm = read(&engine.join(ENGINE))?;
    let mut files = Packing::default();
    let folder = engine.join("files");
    if folder.is_dir() {
        files.add_folder("", &folder).map_err(|error| reading(&folder, error))?;
    }
    let manifest = Manifest::of_engine(manifest.name, manifest.language, manifest.version, &wasm);
    let limits = Limits {
        time_ms: TIME_MS_CEILING,
        cpu_ms: TIME_MS_CEILING,
        host_calls: u64::MAX,
        ..unbounded_memory()
    };
    make(runtime, Material { manifest, wasm, files, limits }, images)
        .map(|_| ())
        .map_err(|error| blame(engine, error))
}

/// Makes the image `name` from the image `from` and packages, which it then has among its files and imported, and puts it under `images`. Their
/// code runs while the image is made, within the limits of `baking`, and reaches nothing of the host.
///
/// # Errors
///
/// [`Error::Bake`] when the image cannot be made of this; [`Error::Io`] when a file cannot be read or written.
pub(crate) fn bake_packages(from: &Image, name: &str, baking: &Baking, images: &Path) -> Result<Baked> {
    let refuse = |reason: &str| Err(Error::Bake { name: name.to_owned(), reason: reason.to_owned() });
    if !image::is_name(name) {
        return refuse(
            "a name has letters, digits, hyphens, dots and underscores, and begins with none of the last three",
        );
    }
    if from.language() == Language::TypeScript {
        return refuse("there is no engine in the image that it would be made from");
    }
    if !from.packages().is_empty() {
        return refuse(
            "the image that it would be made from has packages already; name all of them, and begin from the plain one",
        );
    }
    baking.limits.check()?;
    let wasm = read(&from.folder().join(ENGINE))?;
    let mut files = Packing::of(from.files());
    let failed = |error| reading(&baking.folder, error);
    files.add_folder(PACKAGES, &baking.folder).map_err(failed)?;
    let imports: String = baking.imports.iter().map(|module| format!("{module}\n")).collect();
    files.file(IMPORTS, imports.into_bytes()).map_err(failed)?;
    let mut manifest =
        Manifest::of_engine(name.to_owned(), from.language(), from.version().to_owned(), &wasm);
    manifest.from = Some(from.name().to_owned());
    manifest.packages.clone_from(&baking.packages);
    manifest.imports.clone_from(&baking.imports);
    let material = Material { manifest, wasm, files, limits: baking.limits.clone() };
    match make(from.runtime(), material, images) {
        Ok(not_imported) => Ok(Baked::new(&not_imported)),
        Err(Error::Internal(text)) => refuse(text.lines().next().unwrap_or_default()),
        Err(error) => Err(error),
    }
}

/// Where an engine looks for packages, and for what to import of them (`engines/abi.md`).
const PACKAGES: &str = "/packages";
const IMPORTS: &str = "/usr/lib/belljar/imports";

fn unbounded_memory() -> Limits {
    Limits { memory_bytes: MEMORY_BYTES_CEILING, ..Limits::default() }
}

/// Starts the engine, freezes it, compiles it and writes the image. Gives back which modules could not be imported.
fn make(runtime: &Runtime, material: Material, images: &Path) -> Result<Vec<Vec<u8>>> {
    let Material { mut manifest, wasm, files, limits } = material;
    let files = files.finish().map_err(|error| Error::Internal(error.to_string()))?;
    let is_parser = manifest.language == Language::TypeScript;
    let frozen = match is_parser {
        true => Frozen { wasm: wasm.clone(), ..Frozen::default() },
        false => crate::blocking::block_on(freeze(runtime, &wasm, &files, &limits))?,
    };

    let parent = images.join(runtime.key());
    let folder = Draft::new(&parent, &manifest.name)?;
    let mut hashes = Vec::new();
    let mut write = |name: &str, bytes: &[u8]| {
        hashes.push((name.to_owned(), blake3::hash(bytes).to_hex().to_string()));
        folder.write(name, bytes)
    };
    write(FILES, &files)?;
    write(MEMORY, &frozen.memory)?;
    if !is_parser {
        write(ENGINE, &wasm)?;
    }
    for counting in Counting::ALL {
        let compiler = match counting {
            // Fuel is for what the code does, and reading it is no part of that.
            Counting::Fuel if is_parser => continue,
            Counting::Nothing if is_parser => runtime.eraser_engine()?,
            _ => runtime.engine(counting)?,
        };
        write(
            image::code_file(counting),
            &compiler.precompile_module(&frozen.wasm).map_err(failed("compile"))?,
        )?;
    }
    (manifest.memory_bytes, manifest.stop_table, manifest.files) =
        (frozen.memory_bytes, frozen.stop_table, hashes);
    if !is_parser {
        let engine = runtime.engine(Counting::Nothing)?;
        let module = image::map_code(&folder.draft, engine, Counting::Nothing)?;
        let (counting, base) = (Counting::Nothing, Arc::new(frozen.memory));
        let code = Code::link((runtime, counting), &module, base, &manifest).map_err(failed("link"))?;
        let limits = Limits { fuel: None, ..limits };
        let rehearsed = rehearse(&code, host(files, &limits)?, &limits);
        manifest.bridges = crate::blocking::block_on(rehearsed)?;
    }
    let json = serde_json::to_vec_pretty(&manifest).map_err(|error| Error::Internal(error.to_string()))?;
    folder.write(MANIFEST, &json)?;
    folder.publish()?;
    Ok(frozen.not_imported)
}

/// Takes the image `name` away from `images`. Whether it was there; programs that have mapped it keep it.
pub(crate) fn remove(runtime: &Runtime, name: &str, images: &Path) -> Result<bool> {
    let parent = images.join(runtime.key());
    let place = parent.join(name);
    if !image::is_name(name) || !place.is_dir() {
        return Ok(false);
    }
    // It goes at once, and is then deleted file by file.
    let aside = parent.join(format!(".{name}.{}.old", std::process::id()));
    let _ = std::fs::remove_dir_all(&aside);
    std::fs::rename(&place, &aside).map_err(|error| writing(&place, error))?;
    std::fs::remove_dir_all(&aside).map_err(|error| writing(&aside, error))?;
    Ok(true)
}

/// Starts the engine and freezes its memory and globals into a new module.
async fn freeze(runtime: &Runtime, wasm: &[u8], files: &[u8], limits: &Limits) -> Result<Frozen> {
    let mut wizer = Wizer::new();
    wizer.init_func("belljar_init");
    let (context, instrumented) = wizer.instrument(wasm).map_err(failed("read"))?;

    let engine = runtime.engine(Counting::Nothing)?;
    let mut store = store(engine, files, limits)?;
    let module = Module::new(engine, &instrumented).map_err(failed("compile"))?;
    let mut linker = Linker::new(engine);
    imports::add_to_linker(&mut linker).map_err(failed("link"))?;
    let instance = linker.instantiate_async(&mut store, &module).await.map_err(failed("instantiate"))?;
    store.data_mut().memory = instance.get_memory(&mut store, "memory");
    store.data_mut().call = instance.get_typed_func(&mut store, "belljar_call").ok();

    store.data_mut().deadline.begin(limits, &CancelToken::new());
    let cpu = Arc::clone(store.data().deadline.cpu());
    for function in ["_initialize", "belljar_init"] {
        let function =
            instance.get_typed_func::<(), ()>(&mut store, function).map_err(failed("find the start of"))?;
        let called = Arc::clone(&cpu).count(function.call_async(&mut store, ())).await;
        called.map_err(|error| not_started(&error))?;
    }
    store.data_mut().deadline.end();
    let stop_table = read_stop_table(&mut store, &instance).await?;
    let mut started = Started { store: &mut store, instance, globals: 0 };
    let wasm = wizer.snapshot(&context, &mut started).await.map_err(failed("freeze"))?;
    if started.globals > GLOBALS_MAX {
        let found = started.globals;
        return Err(Error::Internal(format!(
            "the engine has {found} globals that change, not only a stack pointer"
        )));
    }
    let memory = store.data().memory.map_or(&[][..], |memory| memory.data(&store));
    let used = memory.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let memory_bytes = memory.len() as u64;
    let memory = memory[..used.next_multiple_of(PAGE_BYTES)].to_vec();
    let not_imported = std::mem::take(&mut store.data_mut().host.report.not_imported);
    Ok(Frozen { wasm, memory, memory_bytes, stop_table, not_imported })
}

/// Runs the shortest program in a session of the image, and says which pages sessions are to bridge. None, where it does not come to its end: whoever runs
/// something will be told why.
async fn rehearse(code: &Code, host: Host, limits: &Limits) -> Result<Vec<u32>> {
    let mut instance = instance::Instance::start(code, host).await?;
    let mut encoder = Encoder::new(Verb::Run);
    encoder.seed(&[0; 32]);
    encoder.value_limit(limits);
    encoder.code("1");
    instance.begin(limits, &CancelToken::new());
    let ending = instance.enter(&encoder.finish(), limits).await;
    Ok(if ending.is_intact() { bridges::find(&instance.checkpoint().pages) } else { Vec::new() })
}

/// Why a start-up did not come to its end: the engine's fault, or what its packages did.
fn not_started(error: &wasmtime::Error) -> Error {
    let reason = match (error.downcast_ref::<Stop>(), error.downcast_ref::<wasmtime::Trap>()) {
        (Some(Stop::Fault(_)), _) | (None, None) => {
            return Error::Internal(format!("cannot start the engine: {error:#}"));
        }
        (Some(stop), _) => stop.to_string(),
        (None, Some(trap)) => trap.to_string(),
    };
    Error::Internal(format!("it did not come to the end of its start: {reason}"))
}

fn store(engine: &Engine, files: &[u8], limits: &Limits) -> Result<Store<State>> {
    let host = host(files.to_vec(), limits)?;
    let deadline = Deadline::new(StopTable::default(), Arc::clone(&host.cpu));
    let mut store = Store::new(engine, State::new(host, deadline));
    store.limiter(|state| &mut state.host.meter);
    // An engine that is starting cannot be asked to stop.
    store.epoch_deadline_callback(|mut store| store.data_mut().deadline.look_once());
    store.set_epoch_deadline(1);
    Ok(store)
}

/// Our side of a session in which time stands still and output goes to whoever builds.
fn host(files: Vec<u8>, limits: &Limits) -> Result<Host> {
    let files = Pack::from_bytes(files).map_err(|error| Error::Internal(error.to_string()))?;
    let files = Files::new(limits, Arc::new(files));
    let mut host = Host::new(limits, Time::Frozen, Random::fresh()?, files);
    host.output = crate::host::output::Output::new(
        limits,
        Some(Box::new(
            |_: Stream, bytes: &[u8]| tracing::warn!(output = %String::from_utf8_lossy(bytes), "an engine printed while it started"),
        )),
    );
    Ok(host)
}

async fn read_stop_table(store: &mut Store<State>, instance: &Instance) -> Result<Vec<(u32, u32)>> {
    let table = instance
        .get_typed_func::<(), u32>(&mut *store, "belljar_stop_table")
        .map_err(failed("find the stop table of"))?;
    let address = table.call_async(&mut *store, ()).await.map_err(failed("read the stop table of"))?;
    let memory = instance
        .get_memory(&mut *store, "memory")
        .ok_or_else(|| Error::Internal("the engine has no memory".to_owned()))?;
    let bytes = memory.data(&*store);
    let word = |index: u32| {
        let at = address as usize + 4 * index as usize;
        bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|word| u32::from_le_bytes(*word))
    };
    let table = word(0).filter(|count| *count <= STOP_TABLE_MAX).and_then(|count| {
        (0..count).map(|entry| Some((word(1 + 2 * entry)?, word(2 + 2 * entry)?))).collect::<Option<Vec<_>>>()
    });
    table.ok_or_else(|| Error::Internal("the engine's stop table is broken".to_owned()))
}

const STOP_TABLE_MAX: u32 = 8;

/// The stack pointer. A session at rest has it where the image has it, so that its memory is all of its state (`engine::checkpoint`).
const GLOBALS_MAX: u32 = 1;

/// A started engine, as the freezer reads it.
struct Started<'a> {
    store: &'a mut Store<State>,
    instance: Instance,
    /// How many globals were asked for: all that can change.
    globals: u32,
}

impl InstanceState for Started<'_> {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        self.globals += 1;
        let global = self.instance.get_global(&mut *self.store, name);
        match global.map(|global| global.get(&mut *self.store)) {
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(bits)) => SnapshotVal::F32(bits),
            Some(Val::F64(bits)) => SnapshotVal::F64(bits),
            Some(Val::V128(value)) => SnapshotVal::V128(value.as_u128()),
            other => unreachable!("an engine's globals are numbers, not {other:?}"),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        let memory = self
            .instance
            .get_memory(&mut *self.store, name)
            .expect("the freezer asks for what it has exported");
        contents(memory.data(&*self.store));
    }
}

/// A folder that is not there under its name until it is whole, and not at all if it never is.
struct Draft {
    draft: std::path::PathBuf,
    place: std::path::PathBuf,
}

impl Draft {
    fn new(parent: &Path, name: &str) -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let make = |path: &Path| {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(|error| writing(path, error))
        };
        make(parent)?;
        let draft = parent.join(format!(".{name}.{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&draft);
        make(&draft)?;
        Ok(Self { draft, place: parent.join(name) })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.draft.join(name);
        image::write_private(&path, bytes).map_err(|error| writing(&path, error))
    }

    fn publish(self) -> Result<()> {
        // A folder cannot be replaced by a rename unless it is empty: the old one is moved aside first. Programs that have mapped it
        // keep it.
        let old = self.draft.with_extension("old");
        let _ = std::fs::remove_dir_all(&old);
        let _ = std::fs::rename(&self.place, &old);
        let published =
            std::fs::rename(&self.draft, &self.place).map_err(|error| writing(&self.place, error));
        let _ = std::fs::remove_dir_all(&old);
        published
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.draft);
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| reading(path, error))
}

fn reading(path: &Path, source: std::io::Error) -> Error {
    Error::io(format!("cannot read {}", path.display()), source)
}

fn writing(path: &Path, source: std::io::Error) -> Error {
    Error::io(format!("cannot write {}", path.display()), source)
}

/// What does not start or compile is not the engine that its recipe made, or is not whole.
fn blame(engine: &Path, error: Error) -> Error {
    match error {
        Error::Internal(text) => {
            let reason = text.lines().next().unwrap_or_default().to_owned();
            Error::Image { path: engine.to_owned(), reason }
        }
        other => other,
    }
}

fn failed(doing: &'static str) -> impl Fn(wasmtime::Error) -> Error {
    move |error| Error::Internal(format!("cannot {doing} the engine: {error:#}"))
}
