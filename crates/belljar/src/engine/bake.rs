//! Makes images: runs an engine's start-up once, freezes the result, and compiles it ahead of time.
//!
//! This is the only place where WebAssembly is compiled, and what it compiles is our own engines.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use wasmtime::{Engine, Instance, Linker, Module, Store, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

use super::State;
use super::checkpoint::PAGE_BYTES;
use super::deadline::{Deadline, StopTable};
use super::image::{self, ABI, FILES, Language, MANIFEST, MEMORY, Manifest};
use super::imports;
use super::runtime::{Counting, Runtime};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::host::files::Files;
use crate::host::files::pack::{self, Pack};
use crate::host::random::Random;
use crate::host::time::Time;
use crate::limits::{Limits, MEMORY_BYTES_CEILING};
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
struct Frozen {
    wasm: Vec<u8>,
    /// Its memory without the zeros at the end, in whole pages.
    memory: Vec<u8>,
    memory_bytes: u64,
    stop_table: Vec<(u32, u32)>,
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
    let path = engine.join("engine.wasm");
    let wasm = std::fs::read(&path).map_err(|error| reading(&path, error))?;
    let files =
        pack::pack_folder(&engine.join("files")).map_err(|error| reading(&engine.join("files"), error))?;
    let is_parser = manifest.language == Language::TypeScript;
    let frozen = match is_parser {
        true => Frozen { wasm: wasm.clone(), memory: Vec::new(), memory_bytes: 0, stop_table: Vec::new() },
        false => {
            crate::blocking::block_on(freeze(runtime, &wasm, &files)).map_err(|error| blame(engine, error))?
        }
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
    for counting in Counting::ALL {
        let compiler = match counting {
            // Fuel is for what the code does, and reading it is no part of that.
            Counting::Fuel if is_parser => continue,
            Counting::Nothing if is_parser => runtime.eraser_engine()?,
            _ => runtime.engine(counting)?,
        };
        let code = compiler.precompile_module(&frozen.wasm);
        let code = code.map_err(failed("compile")).map_err(|error| blame(engine, error))?;
        write(image::code_file(counting), &code)?;
    }
    let manifest = Manifest {
        name: manifest.name,
        language: manifest.language,
        version: manifest.version,
        abi: ABI,
        engine_blake3: blake3::hash(&wasm).to_hex().to_string(),
        memory_bytes: frozen.memory_bytes,
        stop_table: frozen.stop_table,
        files: hashes,
    };
    let json = serde_json::to_vec_pretty(&manifest).map_err(|error| Error::Internal(error.to_string()))?;
    folder.write(MANIFEST, &json)?;
    folder.publish()
}

/// Starts the engine and freezes its memory and globals into a new module.
async fn freeze(runtime: &Runtime, wasm: &[u8], files: &[u8]) -> Result<Frozen> {
    let mut wizer = Wizer::new();
    wizer.init_func("belljar_init");
    let (context, instrumented) = wizer.instrument(wasm).map_err(failed("read"))?;

    let engine = runtime.engine(Counting::Nothing)?;
    let mut store = store(engine, files)?;
    let module = Module::new(engine, &instrumented).map_err(failed("compile"))?;
    let mut linker = Linker::new(engine);
    imports::add_to_linker(&mut linker).map_err(failed("link"))?;
    let instance = linker.instantiate_async(&mut store, &module).await.map_err(failed("instantiate"))?;
    store.data_mut().memory = instance.get_memory(&mut store, "memory");
    store.data_mut().call = instance.get_typed_func(&mut store, "belljar_call").ok();

    for function in ["_initialize", "belljar_init"] {
        let function =
            instance.get_typed_func::<(), ()>(&mut store, function).map_err(failed("find the start of"))?;
        function.call_async(&mut store, ()).await.map_err(failed("start"))?;
    }
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
    Ok(Frozen { wasm, memory, memory_bytes, stop_table })
}

/// A store in which time stands still and output goes to whoever builds.
fn store(engine: &Engine, files: &[u8]) -> Result<Store<State>> {
    let limits = Limits { memory_bytes: MEMORY_BYTES_CEILING, host_calls: u64::MAX, ..Limits::default() };
    let files = Pack::from_bytes(files.to_vec()).map_err(|error| Error::Internal(error.to_string()))?;
    let files = Files::new(&limits, Arc::new(files));
    let mut host = Host::new(&limits, Time::Frozen, Random::fresh()?, files);
    host.output = crate::host::output::Output::new(
        &limits,
        Some(Box::new(
            |_: Stream, bytes: &[u8]| tracing::warn!(output = %String::from_utf8_lossy(bytes), "an engine printed while it started"),
        )),
    );
    let deadline = Deadline::new(StopTable::default(), Arc::clone(&host.cpu));
    let mut store = Store::new(engine, State::new(host, deadline));
    store.limiter(|state| &mut state.host.meter);
    store.set_epoch_deadline(u64::MAX / 2);
    Ok(store)
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
