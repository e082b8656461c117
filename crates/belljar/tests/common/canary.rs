//! An engine of a few instructions that looks for what others left in memory.
//!
//! Each run grows memory, looks at every byte that its session has not written itself, reports `clean` or `dirty`, and fills
//! everything with a pattern. Within one session the second run finds the pattern of the first.

use std::fs;
use std::path::Path;

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, ImportSection, InstructionSink, MemArg, MemorySection, MemoryType, Module, TypeSection,
    ValType,
};

/// The engine's name.
pub(crate) const NAME: &str = "canary";

const PAGE_BYTES: i32 = 65_536;
const GROWN_PAGES: i32 = 400;
/// Where looking begins: what lies before it is the engine's own.
const SCRATCH: i32 = PAGE_BYTES;
const WORDS: i32 = 16;

/// Writes the engine's folder, as a recipe would leave it.
pub(crate) fn write_engine(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder for the engine");
    fs::write(folder.join("engine.wasm"), module()).expect("room for the engine");
    let manifest =
        format!(r#"{{"name": "{NAME}", "language": "JavaScript", "version": "1", "abi": 1, "sources": []}}"#);
    fs::write(folder.join("engine.json"), manifest).expect("room for its description");
}

fn module() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32; 3], []); // 0: report
    types.ty().function([], []); // 1: _initialize, belljar_init
    types.ty().function([], [ValType::I32]); // 2: belljar_stop_table
    types.ty().function([ValType::I32], [ValType::I32]); // 3: belljar_buffer, belljar_enter
    let mut imports = ImportSection::new();
    imports.import("belljar", "report", EntityType::Function(0));
    let mut functions = FunctionSection::new();
    for index in [1, 2, 3, 3] {
        functions.function(index);
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 20,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    for (name, index) in [
        ("_initialize", 1),
        ("belljar_init", 1),
        ("belljar_stop_table", 2),
        ("belljar_buffer", 3),
        ("belljar_enter", 4),
    ] {
        exports.export(name, ExportKind::Func, index);
    }
    let mut code = CodeSection::new();
    code.function(&function([], |body| {
        body.end();
    }));
    // No entries: the word at 0 is zero.
    code.function(&function([], |body| {
        body.i32_const(0).end();
    }));
    code.function(&function([], |body| {
        body.i32_const(1024).end();
    }));
    code.function(&function([(3, ValType::I32)], enter));
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(WORDS), *b"cleandirtytext");
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&memories).section(&exports);
    module.section(&code).section(&data);
    module.finish()
}

fn function(
    locals: impl IntoIterator<Item = (u32, ValType), IntoIter: ExactSizeIterator>,
    body: impl FnOnce(&mut InstructionSink<'_>),
) -> Function {
    let mut function = Function::new(locals);
    body(&mut function.instructions());
    function
}

/// `belljar_enter(len)`: 1 is the place that is looked at, 2 the end of memory, 3 what was found.
fn enter(body: &mut InstructionSink<'_>) {
    let word = MemArg { offset: 0, align: 2, memory_index: 0 };
    body.i32_const(GROWN_PAGES).memory_grow(0).drop();
    body.memory_size(0).i32_const(PAGE_BYTES).i32_mul().local_set(2);
    body.i32_const(SCRATCH).local_set(1);
    body.loop_(BlockType::Empty);
    body.local_get(3).local_get(1).i32_load(word).i32_or().local_set(3);
    body.local_get(1).i32_const(4).i32_add().local_tee(1).local_get(2).i32_lt_u().br_if(0);
    body.end();
    body.i32_const(SCRATCH).i32_const(0xca).local_get(2).i32_const(SCRATCH).i32_sub().memory_fill(0);
    // The repr of the value, and its type.
    body.i32_const(2)
        .i32_const(WORDS)
        .i32_const(WORDS + 5)
        .local_get(3)
        .i32_eqz()
        .select()
        .i32_const(5)
        .call(0);
    body.i32_const(3).i32_const(WORDS + 10).i32_const(4).call(0);
    body.i32_const(0).end();
}
