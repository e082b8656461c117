//! MicroQuickJS: one C file that includes the language and our shim, after a few changes to the language's source.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::{Bench, Made, Recipe, Source, replace_once};
use crate::cache::{self, Key};
use crate::fetch::crates::Crate;
use crate::require::{self, require};
use crate::zig::Zig;

/// Brings MicroQuickJS's C in `vendor/mquickjs/`.
const MICROQUICKJS: Crate = Crate {
    name: "mquickjs-sys",
    version: "0.2.0",
    sha256: "6622b1b3b54bed6d3e505053439253fe63c868b034dde581373565043fce9b7d",
};

/// The C stack. The language keeps its own frames elsewhere and hardly recurses in C.
const STACK_BYTES: u32 = 256 << 10;

/// The recipe of the microjs engine.
pub(crate) struct Microjs;

impl Recipe for Microjs {
    fn name(&self) -> &'static str {
        "microjs"
    }

    fn key(&self, key: &mut Key) -> Result<()> {
        key.part("recipe", include_bytes!("microjs.rs"));
        Ok(())
    }

    fn steps(&self) -> usize {
        4
    }

    fn build(&self, bench: &Bench) -> Result<Made> {
        require(&[&require::GCC])?;
        let fetched = bench.progress.step("fetch sources", || MICROQUICKJS.fetch(bench.cache))?;
        let source = fetched.join("vendor/mquickjs");
        let zig = bench.progress.step("fetch the compiler", || Zig::fetch(bench.cache, bench.work))?;
        change_language(&source, bench)?;
        bench.progress.step("make the library's tables", || make_library(&source, bench))?;
        bench.progress.step("compile", || compile(&zig, &source, bench))?;
        Ok(Made {
            language: "JavaScript",
            version: format!("MicroQuickJS (mquickjs-sys {})", MICROQUICKJS.version),
            sources: vec![Source::from(&MICROQUICKJS)],
        })
    }
}

fn text(path: &Path) -> Result<String> {
    String::from_utf8(cache::read(path)?).with_context(|| format!("{} is not UTF-8", path.display()))
}

/// Copies of the source files that differ from the originals, into the work folder.
fn change_language(source: &Path, bench: &Bench) -> Result<()> {
    let language = own_stack(&text(&source.join("mquickjs.c"))?)?;
    // A buffer that could not be made was used all the same.
    let language = replace_once(
        &language,
        "        buffer = js_array_buffer_alloc(ctx, len << size_log2);\n",
        "        buffer = js_array_buffer_alloc(ctx, len << size_log2);\n        \
         if (JS_IsException(buffer))\n            return buffer;\n",
    )?;
    cache::write(&bench.work.join("mquickjs.c"), own_parse_body(&language)?)?;

    // With the stack below the context, whatever is not below it is not read-only.
    let private = replace_once(
        &text(&source.join("mquickjs_priv.h"))?,
        " || (uintptr_t)(ptr) >= (uintptr_t)ctx->stack_top)",
        ")",
    )?;
    cache::write(&bench.work.join("mquickjs_priv.h"), private)?;

    let library = text(&source.join("mqjs_stdlib.c"))?;
    let library = replace_once(
        &library,
        "    JS_CFUNC_DEF(\"log\", 1, js_print),\n",
        "    JS_CFUNC_DEF(\"log\", 1, js_print),\n    JS_CFUNC_DEF(\"info\", 1, js_print),\n    \
         JS_CFUNC_DEF(\"debug\", 1, js_print),\n    JS_CFUNC_DEF(\"warn\", 1, js_print_error),\n    \
         JS_CFUNC_DEF(\"error\", 1, js_print_error),\n",
    )?;
    let library = replace_once(&library, "    JS_CFUNC_DEF(\"load\", 1, js_load),\n", "")?;
    cache::write(&bench.work.join("mqjs_stdlib.c"), library)
}

/// Stack and heap no longer share one block: see `arena.c`.
fn own_stack(language: &str) -> Result<String> {
    let language = replace_once(
        language,
        "    if (((uint8_t *)stack_bottom - ctx->heap_free) < size + ctx->min_free_size) {
        JS_GC(ctx);
        if (((uint8_t *)stack_bottom - ctx->heap_free) < size + ctx->min_free_size) {
            JS_ThrowOutOfMemory(ctx);
            return -1;
        }
    }
",
        "    enum shortage shortage = arena_shortage(stack_bottom, ctx->heap_free, size + ctx->min_free_size);
    if (shortage == STACK_SHORT) {
        if (!stack_is_full) {
            stack_is_full = true;
            JS_ThrowRangeError(ctx, \"Maximum call stack size exceeded\");
            stack_is_full = false;
        }
        return -1;
    }
    if (shortage == HEAP_SHORT) {
        JS_GC(ctx);
        if (!arena_grow(ctx->heap_base, ctx->heap_free, size + ctx->min_free_size)) {
            JS_ThrowOutOfMemory(ctx);
            return -1;
        }
    }
",
    )?;
    replace_once(
        &language,
        "    s->gs_bottom = (JSValue *)ctx->heap_free;",
        "    s->gs_bottom = (JSValue *)language_stack;",
    )
}

/// Moves what the parser's `setjmp` guards into a function of its own, which the host's `try` can call.
fn own_parse_body(language: &str) -> Result<String> {
    const BEGIN: &str = "    if (eval_flags & JS_EVAL_JSON) {\n        top_func = js_parse_json(s);";
    const END: &str = "    ctx->parse_state = NULL;\n    return top_func;\n}\n";
    const FUNCTION: &str = "/* source_str must be a string or JS_NULL. (input, input_len) is";
    let (Some(begin), Some(end)) = (language.find(BEGIN), language.find(END)) else {
        bail!("the parser's body is not where it was");
    };
    let body = &language[begin..end];
    let function = format!(
        "struct parse_job {{ JSParseState *s; const char *filename; int eval_flags; JSValue top_func; }};\n\n\
         static void parse_body(void *opaque)\n{{\n    struct parse_job *job = opaque;\n    \
         JSParseState *s = job->s;\n    JSContext *ctx = s->ctx;\n    const char *filename = job->filename;\n    \
         int eval_flags = job->eval_flags;\n    JSFunctionBytecode *b;\n    JSValue top_func;\n    \
         JSGCRef top_func_ref;\n\n{body}    job->top_func = top_func;\n}}\n\n{FUNCTION}"
    );
    let language = replace_once(language, body, "")?;
    let language = replace_once(&language, END, &END.replace("return top_func", "return job.top_func"))?;
    let language = replace_once(
        &language,
        "    if (setjmp(s->jmp_env)) {",
        "    struct parse_job job = { s, filename, eval_flags, JS_NULL };\n    if (belljar_try(parse_body, &job)) {",
    )?;
    replace_once(&language, FUNCTION, &function)
}

/// The language's library is a table that a program makes, on this machine, for a 32-bit one.
fn make_library(source: &Path, bench: &Bench) -> Result<()> {
    let program = bench.work.join("make_library");
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=gnu11", "-O1", "-w", "-I"]).arg(source).arg("-o").arg(&program);
    gcc.arg(bench.work.join("mqjs_stdlib.c")).arg(source.join("mquickjs_build.c")).arg("-lm");
    bench.progress.run(&mut gcc)?;
    for (header, arguments) in
        [("mquickjs_atom.h", &["-a", "-m32"][..]), ("mquickjs_stdlib.h", &["-m32"][..])]
    {
        let path = bench.work.join(header);
        let file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
        // It remarks on the size of its hash tables each time.
        let status = Command::new(&program).args(arguments).stdout(file).stderr(Stdio::null()).status();
        if !status.with_context(|| format!("running {}", program.display()))?.success() {
            bail!("{} failed", program.display());
        }
    }
    Ok(())
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
    command.args(["-std=gnu11", "-fno-sanitize=undefined", "-fno-stack-protector", "-fno-math-errno"]);
    command.args(["-Wno-everything", "-Wl,--strip-all"]);
    command.arg(format!("-Wl,-z,stack-size={STACK_BYTES}"));
    // The work folder comes first: changed files are taken from there, everything else from the sources.
    for folder in [bench.work, bench.folder, common.as_path(), source] {
        command.arg("-I").arg(folder);
    }
    command.arg(bench.folder.join("engine.c"));
    for library in ["cutils.c", "dtoa.c", "libm.c"] {
        command.arg(source.join(library));
    }
    command.arg("-o").arg(bench.out.join("engine.wasm"));
    bench.progress.run(&mut command)
}
