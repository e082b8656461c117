//! How WebAssembly is compiled and run: the one configuration, and the two engines made from it.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock, OnceLock};

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use super::clock;
use crate::error::{Error, Result};

/// Stack for WebAssembly code. Below 4 MiB, deep recursion in CPython traps before CPython's own check sees it.
const WASM_STACK_BYTES: usize = 8 * 1024 * 1024;

/// The whole stack of a session: what WebAssembly may use, and room for host functions that it calls at its very end.
const SESSION_STACK_BYTES: usize = WASM_STACK_BYTES + 2 * 1024 * 1024;

const _: () = assert!(SESSION_STACK_BYTES - WASM_STACK_BYTES >= 1024 * 1024);

/// Memory of a slot that is kept for its next session instead of being given back to the system, where the kernel says what of it was written: restoring it
/// page by page is cheaper than faulting it in again. `returning` restores it before wasmtime does.
const KEEP_RESIDENT_BYTES: usize = 16 * 1024 * 1024;

/// Addresses reserved for each memory: all that 32 bits can reach, so that bounds are checked by the hardware.
const MEMORY_RESERVATION_BYTES: usize = 4 * 1024 * 1024 * 1024;

/// Which files an image has; changed with them.
const IMAGE_FORMAT: &[u8] = b"image 3";

/// How many sessions may live at once, unless a runtime is made for more.
pub(crate) const SESSIONS_MAX_DEFAULT: u32 = 1000;

/// Where sessions run: address space for a number of them, shared by all jars that use this runtime.
///
/// Cheap to clone. Most programs never name it and use the [shared](Self::shared) one.
#[derive(Clone, Debug)]
pub struct Runtime(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sessions_max: u32,
    plain: Engine,
    fueled: OnceLock<Result<Engine, String>>,
    eraser: OnceLock<Result<Engine, String>>,
}

impl Runtime {
    /// A runtime with room for `sessions_max` sessions at once. Address space is reserved for them, memory is not.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] when the machine has not enough address space, or a processor that is not supported.
    pub fn new(sessions_max: u32) -> Result<Self> {
        let plain = engine(Counting::Nothing, pool(sessions_max)).map_err(Error::Internal)?;
        let (fueled, eraser) = (OnceLock::new(), OnceLock::new());
        Ok(Self(Arc::new(Inner { sessions_max, plain, fueled, eraser })))
    }

    /// The runtime that all jars of this process share unless they are given another: room for 1000 sessions.
    ///
    /// # Errors
    ///
    /// As for [`Runtime::new`].
    pub fn shared() -> Result<Self> {
        static SHARED: LazyLock<std::result::Result<Runtime, String>> =
            LazyLock::new(|| Runtime::new(SESSIONS_MAX_DEFAULT).map_err(|error| error.to_string()));
        SHARED.clone().map_err(Error::Internal)
    }

    /// How many sessions may live at once.
    #[must_use]
    pub fn sessions_max(&self) -> u32 {
        self.0.sessions_max
    }

    /// The engine that runs code without counting fuel, or the one that counts it. Each has its own machine code.
    pub(crate) fn engine(&self, counting: Counting) -> Result<&Engine> {
        match counting {
            Counting::Nothing => Ok(&self.0.plain),
            Counting::Fuel => {
                let made = self.0.fueled.get_or_init(|| engine(Counting::Fuel, pool(self.0.sessions_max)));
                made.as_ref().map_err(|message| Error::Internal(message.clone()))
            }
        }
    }

    /// The engine that reads TypeScript. It has no pool: a session that has a place must be able to read its code, and it reads for
    /// milliseconds.
    pub(crate) fn eraser_engine(&self) -> Result<&Engine> {
        let made =
            self.0.eraser.get_or_init(|| engine(Counting::Nothing, InstanceAllocationStrategy::OnDemand));
        made.as_ref().map_err(|message| Error::Internal(message.clone()))
    }

    /// A name for everything that an image depends on: compiler version, settings, processor, and the files that an image has. Images made
    /// under another name are never looked at.
    pub(crate) fn key(&self) -> String {
        let mut hasher = KeyHasher(blake3::Hasher::new());
        self.0.plain.precompile_compatibility_hash().hash(&mut hasher);
        hasher.0.update(env!("CARGO_PKG_VERSION").as_bytes());
        hasher.0.update(IMAGE_FORMAT);
        hasher.0.finalize().to_hex()[..16].to_owned()
    }
}

/// Whether machine code counts what it executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    Nothing,
    Fuel,
}

impl Counting {
    pub(crate) const ALL: [Self; 2] = [Self::Nothing, Self::Fuel];
}

fn engine(
    counting: Counting,
    places: impl Into<InstanceAllocationStrategy>,
) -> std::result::Result<Engine, String> {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .consume_fuel(counting == Counting::Fuel)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(SESSION_STACK_BYTES)
        // Images are all data: however large, they are mapped and never copied.
        .memory_guaranteed_dense_image_size(u64::MAX)
        .memory_init_cow(true)
        // No backtrace of ours may reach a user, and collecting one costs time at every stop.
        .wasm_backtrace_max_frames(None)
        .native_unwind_info(false)
        .allocation_strategy(places);
    let engine =
        Engine::new(&config).map_err(|error| format!("cannot start the WebAssembly runtime: {error:#}"))?;
    clock::drive(&engine);
    Ok(engine)
}

fn pool(sessions_max: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(sessions_max)
        .total_memories(sessions_max)
        .total_tables(sessions_max)
        // An engine that is in a `try` of the host is on a second stack meanwhile, and never on a third. What is not used is addresses only.
        .total_stacks(sessions_max.saturating_mul(2))
        .max_memories_per_module(1)
        .max_tables_per_module(1)
        .table_elements(32 * 1024)
        .max_core_instance_size(2 * 1024 * 1024)
        .max_memory_size(MEMORY_RESERVATION_BYTES)
        .async_stack_keep_resident(256 * 1024);
    // Tables are always given back to the system: what wasmtime finds in `PAGEMAP_SCAN` is not all that was written.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.linear_memory_keep_resident(KEEP_RESIDENT_BYTES).pagemap_scan(Enabled::Yes);
    }
    pool
}

struct KeyHasher(blake3::Hasher);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
    }
}
