//! The test programs that QuickJS-ng's sources bring, each in a session of its own.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use belljar::{Ended, Jar, Limits, MIB, Request};

use crate::outcome::{Case, Fate, How, Module};

/// What other tests import, and what is no test (`tests.conf` excludes it).
const NO_TESTS: [&str; 3] = ["assert.js", "empty.js", "microbench.js"];
const NO_TESTS_BEGIN: [&str; 2] = ["fixture_", "test_worker_module"];

/// Assertions on how a string is stored are left out: nothing here tells that.
const STORAGE: &str = "assert(qjs.getStringKind(";

/// The CPU time of a program that runs until it is stopped.
const STOP_MS: u64 = 300;

/// The jar that the tests run in.
pub(crate) fn jar(cpu_ms: u64) -> Result<Jar> {
    let limits = Limits { memory_bytes: 1024 * MIB, time_ms: 10 * cpu_ms, cpu_ms, ..Limits::default() };
    Ok(Jar::open("javascript")?.with_limits(limits)?)
}

/// The names of all test programs, in order. `tests` is the folder that holds them.
pub(crate) fn modules(tests: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut folders = vec![tests.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if is_test(&path) {
                let name = path.strip_prefix(tests).context("a file lies in its folder")?;
                names.push(name.to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

fn is_test(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.extension().is_some_and(|ending| ending == "js")
        && !NO_TESTS.contains(&name.as_ref())
        && !NO_TESTS_BEGIN.iter().any(|start| name.starts_with(start))
}

/// Runs one program.
pub(crate) fn run(jar: &Jar, tests: &Path, name: &str) -> Module {
    let begun = Instant::now();
    let fate = run_program(jar, tests, name).unwrap_or_else(|error| Fate::NotRun(format!("{error:#}")));
    Module { name: name.to_owned(), fate, time_s: begun.elapsed().as_secs_f64(), trace: String::new() }
}

fn run_program(jar: &Jar, tests: &Path, name: &str) -> Result<Fate> {
    let read =
        |name: &str| std::fs::read_to_string(tests.join(name)).with_context(|| format!("cannot read {name}"));
    let program = Program::read(&read(name)?);
    if let Some(file) = program.foreign {
        return Ok(Fate::NotRun(format!("it imports {file}, and the runner hands over one file")));
    }
    let session = jar.session()?;
    session.run_blocking(include_str!("javascript/prelude.js"))?;
    session.run_blocking(as_table(&read("assert.js")?))?;
    let mut request = Request::new(program.code).name(name);
    if program.must_stop {
        request = request.limits(Limits { cpu_ms: STOP_MS, ..jar.limits().clone() });
    }
    let outcome = session.run_blocking(request)?;
    let raised = outcome.error.as_ref().map(|error| error.r#type.as_str());
    let passed = match &program.must_raise {
        _ if program.must_stop => outcome.ended == Ended::TimeLimit && !session.is_closed(),
        Some(kind) => raised == Some(kind),
        None => outcome.ended == Ended::Completed,
    };
    let error = outcome.error.as_ref();
    let why = error.map_or_else(
        || format!("it ended as {:?}", outcome.ended),
        |error| format!("{}: {}", error.r#type, error.message),
    );
    let case = Case {
        id: name.to_owned(),
        how: if passed { How::Passed } else { How::Failed },
        why: if passed { String::new() } else { why.chars().take(300).collect() },
        trace: error.filter(|_| !passed).map(|error| error.traceback.clone()).unwrap_or_default(),
    };
    Ok(Fate::Ran(vec![case]))
}

/// `assert.js` as an entry of the table of imports.
fn as_table(text: &str) -> String {
    format!(
        "{{\n{}\nimports[\"assert\"] = {{ assert, assertThrows, assertArrayEquals }};\n}}",
        text.replace("export function", "function")
    )
}

/// A test program, made to run here.
#[derive(Debug, Default)]
struct Program {
    code: String,
    /// The type of the error that it must end with.
    must_raise: Option<String>,
    /// Whether it runs until it is stopped, which must leave the session alive.
    must_stop: bool,
    /// A file that it imports and that cannot be served.
    foreign: Option<String>,
}

impl Program {
    fn read(text: &str) -> Self {
        let flags = text.lines().find_map(|line| line.strip_prefix("flags: ")).unwrap_or_default();
        let mut program = Self {
            must_raise: must_raise(text),
            must_stop: flags.contains("set-interrupt-handler"),
            ..Self::default()
        };
        // Imports come first wherever they stand; all other lines stay where they are.
        let (mut imports, mut rest) = (String::new(), String::new());
        let mut left_out = false;
        for line in text.split_inclusive('\n') {
            match import_of(line).filter(|_| program.must_raise.is_none()) {
                Some((names, from)) => {
                    match served(from) {
                        Some(key) => imports += &format!("const {names} = imports[\"{key}\"]; "),
                        None => program.foreign = Some(from.to_owned()),
                    }
                    rest.push('\n');
                }
                None if left_out || line.contains(STORAGE) => {
                    left_out = !line.trim_end().ends_with(");");
                    rest.push('\n');
                }
                None => rest += line,
            }
            if let Some((_, rest)) = line.split_once("await import(\"") {
                program.foreign = rest.split('"').next().map(str::to_owned);
            }
        }
        // Without its imports nothing says that it is a module.
        let mark = if imports.is_empty() && !flags.contains(", module]") { "" } else { "\nexport {};\n" };
        program.code = imports + &rest + mark;
        program
    }
}

/// The type in the comment at the head of a test that must fail.
fn must_raise(text: &str) -> Option<String> {
    let head = text.strip_prefix("/*---")?.split("---*/").next()?;
    let (_, rest) = head.split_once("negative:")?;
    rest.lines().find_map(|line| line.trim().strip_prefix("type: ")).map(|kind| kind.trim().to_owned())
}

/// What a line imports, as a pattern, and from where.
fn import_of(line: &str) -> Option<(&str, &str)> {
    let (names, from) = line.strip_prefix("import ")?.split_once(" from ")?;
    let names = names.trim().trim_start_matches("* as ");
    Some((names, from.trim().split('"').nth(1)?))
}

/// The key in the table of imports.
fn served(from: &str) -> Option<&str> {
    match from {
        "qjs:std" | "qjs:os" => Some(from),
        "./assert.js" | "../assert.js" => Some("assert"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_become_look_ups_and_lines_stay_where_they_are() {
        let program = Program::read("import { assert } from \"./assert.js\";\nassert(true)\n");
        assert_eq!(program.code, "const { assert } = imports[\"assert\"]; \nassert(true)\n\nexport {};\n");
        let program = Program::read("os.now()\nimport * as os from \"qjs:os\"\n");
        assert_eq!(program.code, "const os = imports[\"qjs:os\"]; os.now()\n\n\nexport {};\n");
    }

    #[test]
    fn assertions_on_storage_are_left_out() {
        let program = Program::read("a();\nassert(qjs.getStringKind(\"x\"),\n  0);\nb();\n");
        assert_eq!(program.code, "a();\n\n\nb();\n");
    }

    #[test]
    fn what_cannot_be_imported_is_named() {
        let program = Program::read("import {f} from \"./fixture.js\"\n");
        assert_eq!(program.foreign.as_deref(), Some("./fixture.js"));
        let program = Program::read("const m = await import(\"./empty.js\")\n");
        assert_eq!(program.foreign.as_deref(), Some("./empty.js"));
    }

    #[test]
    fn a_test_that_must_fail_says_how() {
        let text = "/*---\nnegative:\n  phase: parse\n  type: SyntaxError\n---*/\nawait = 42\n";
        assert_eq!(Program::read(text).must_raise.as_deref(), Some("SyntaxError"));
    }
}
