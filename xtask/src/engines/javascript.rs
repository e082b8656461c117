//! QuickJS-ng: one C file that includes the language, our shim and the boot files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Bench, Made, Recipe, Source};
use crate::cache::{self, Cache, Key};
use crate::fetch::crates::Crate;
use crate::zig::{self, Zig};

/// Brings QuickJS-ng's C in `quickjs/`.
const QUICKJS: Crate = Crate {
    name: "rquickjs-sys",
    version: "0.14.0",
    sha256: "cee271d0eeba64f0915b846cb7ae02e16faf3dfdffdca91731101d9d30fe3423",
};

/// The version of QuickJS-ng in that crate.
const VERSION: &str = "0.16.2";

/// Boot files, in the order they run: those of the inner realm, then those of the user's.
const INSIDE: [&str; 6] = ["inspect", "report", "console", "complete", "packages", "modules"];
const BOOT: [&str; 18] = [
    "console", "timers", "process", "text", "events", "clone", "crypto", "url", "intl", "streams", "bodies",
    "fields", "fetch", "tools", "errors", "paths", "fs", "commonjs",
];

/// The shadow stack; `stack.h` says how it is divided.
const STACK_BYTES: u32 = 2816 << 10;

/// The recipe of the JavaScript engine.
pub(crate) struct Javascript;

impl Recipe for Javascript {
    fn name(&self) -> &'static str {
        "javascript"
    }

    fn key(&self, key: &mut Key) -> Result<()> {
        key.part("recipe", include_bytes!("javascript.rs"));
        Ok(())
    }

    fn steps(&self) -> usize {
        3
    }

    fn build(&self, bench: &Bench) -> Result<Made> {
        let source = bench.progress.step("fetch sources", || QUICKJS.fetch(bench.cache))?.join("quickjs");
        let zig = bench.progress.step("fetch the compiler", || Zig::fetch(bench.cache, bench.work))?;
        write_boot_header(bench)?;
        write_source(&source, bench)?;
        bench.progress.step("compile", || compile(&zig, &source, bench))?;
        Ok(Made {
            language: "JavaScript",
            version: format!("QuickJS-ng {VERSION}"),
            sources: vec![Source::from(&QUICKJS)],
        })
    }
}

/// `boot.h`: every boot file as an array, and the two lists.
fn write_boot_header(bench: &Bench) -> Result<()> {
    let mut header = String::from("struct boot_file { const char *name, *text; size_t length; };\n");
    for (list, folder, names) in [("inside_files", "inside", &INSIDE[..]), ("boot_files", "boot", &BOOT[..])]
    {
        let mut table = format!("static const struct boot_file {list}[] = {{\n");
        for name in names {
            let array = format!("{folder}_{name}");
            let text = cache::read(&bench.folder.join(folder).join(format!("{name}.js")))?;
            zig::embed(&array, &text, &bench.work.join(format!("{array}.h")))?;
            header.push_str(&format!("#include \"{array}.h\"\n"));
            table.push_str(&format!("    {{\"belljar:{name}\", {array}, {}}},\n", text.len()));
        }
        header.push_str(&table);
        header.push_str("};\n");
    }
    cache::write(&bench.work.join("boot.h"), header)
}

/// The tests that the sources bring, as a folder.
pub(super) fn tests(cache: &Cache) -> Result<PathBuf> {
    Ok(QUICKJS.fetch(cache)?.join("quickjs/tests"))
}

/// A copy of the language's main file with the changes that no flag makes: dispatch through a `switch`, which is about 5 % faster here; small
/// arenas, so that the first few objects of a session lie on few pages; whole numbers in JSON without `strtod`, and as whole numbers; and the
/// lines of `stack.h` in checks that have none.
fn write_source(source: &Path, bench: &Bench) -> Result<()> {
    let path = source.join("quickjs.c");
    let text = String::from_utf8(cache::read(&path)?).context("quickjs.c is not UTF-8")?;
    let text = super::replace_once(&text, "#define DIRECT_DISPATCH  1", "#define DIRECT_DISPATCH  0")?;
    let text =
        super::replace_once(&text, "#define JS_ARENA_SIZE              4096", "#define JS_ARENA_SIZE 1024")?;
    let text = super::replace_once(
        &text,
        "js_float64(strtod((const char *)p_start, NULL))",
        "js_number(json_number(p_start, p))",
    )?;
    let check = "js_check_stack_overflow";
    let text = super::replace_all(
        &text,
        2,
        &format!("{check}(s->ctx->rt, 1000)"),
        &format!("{check}(s->ctx->rt, STACK_PARSER)"),
    )?;
    let head = |line: &str| {
        format!(
            "    if ({check}({line})) {{\n        JS_ThrowStackOverflow(ctx);\n        goto exception;\n    }}\n\n    if (JS_IsObject(val)) {{\n        p ="
        )
    };
    let text = super::replace_once(&text, &head("ctx->rt, 0"), &head("ctx->rt, STACK_STRINGIFY"))?;
    let bound = |size: &str| format!("{check}(ctx->rt, {size}sizeof(JSValue) * arg_count)");
    let text = super::replace_once(&text, &bound(""), &bound("STACK_BOUND + "))?;
    let text = super::replace_all(
        &text,
        11,
        &format!("{check}(ctx->rt, 0)"),
        &format!("{check}(ctx->rt, STACK_LIGHT)"),
    )?;
    cache::write(&bench.work.join("quickjs.c"), with_own_loading(&text)?)
}

/// Modules are loaded by `modules.c`: when they are about to run and not when they are read, with an end to how deep, and so that a load that
/// failed leaves nothing behind that the next one would take for complete. The language's own function is what that calls for each module.
fn with_own_loading(text: &str) -> Result<String> {
    let declared = "static int js_resolve_module(JSContext *ctx, JSModuleDef *m)\n{\n    int i;";
    let text = super::replace_once(
        text,
        declared,
        "static int js_resolve_module(JSContext *ctx, JSModuleDef *m);\n\nstatic int load_required(JSContext *ctx, JSModuleDef *m)\n{\n    int i;",
    )?;
    let text = super::replace_once(
        &text,
        "        if (js_resolve_module(ctx, m) < 0)\n            goto fail1;\n        fun_obj",
        "        fun_obj",
    )?;
    // A module that waited for others and is done is waited for no more.
    let done = |before: &str| {
        format!(
            "                JS_FreeValue(ctx, error);\n            }} else {{\n{before}                js_set_module_evaluated(ctx, m);"
        )
    };
    let text =
        super::replace_once(&text, &done(""), &done("                m->async_evaluation = false;\n"))?;
    super::replace_all(&text, 2, "js_free_modules(ctx, JS_FREE_MODULE_NOT_RESOLVED);", "")
}

fn compile(zig: &Zig, source: &Path, bench: &Bench) -> Result<()> {
    let common = bench.folder.with_file_name("common");
    let mut command = zig.command("cc");
    command.args([
        "-target",
        "wasm32-wasi",
        "-mexec-model=reactor",
        "-O2",
        "-g0",
        "-DNDEBUG",
        "-D_GNU_SOURCE",
    ]);
    command.args([
        "-std=gnu11",
        "-fno-sanitize=undefined",
        "-fno-stack-protector",
        "-Wno-everything",
        "-Wl,--strip-all",
    ]);
    command.arg(format!("-Wl,-z,stack-size={STACK_BYTES}")).arg(format!("-DSTACK_BYTES={STACK_BYTES}"));
    // The work folder comes first: `quickjs.c` is taken from there, everything else from the sources.
    for folder in [bench.work, bench.folder, common.as_path(), source] {
        command.arg("-I").arg(folder);
    }
    command.arg(bench.folder.join("engine.c")).arg("-lm").arg("-o").arg(bench.out.join("engine.wasm"));
    bench.progress.run(&mut command)
}
