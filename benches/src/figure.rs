//! The figures: what is asked, of whom, and what it is to become.

use std::path::Path;

use anyhow::{Context, Result};

use crate::protocol::Ask;

/// Sessions that live at once when memory is measured.
const IDLE_SESSIONS: usize = 200;

/// The deadline whose keeping is measured.
const DEADLINE_MS: u64 = 20;

/// One figure.
pub(crate) struct Figure {
    /// The name for `--only`.
    pub(crate) name: &'static str,
    /// What the table says.
    pub(crate) title: &'static str,
    pub(crate) language: &'static str,
    pub(crate) kind: Kind,
    /// What our engines are to reach, each after its name.
    pub(crate) goals: &'static [(&'static str, &'static str)],
}

/// How a figure is found.
pub(crate) enum Kind {
    /// Many samples of one ask.
    Samples(Ask),
    /// Time on the processor of every program of the language, against the native peer.
    Programs,
    /// Bytes, asked once of a peer that has done nothing else.
    Bytes(Ask),
    /// Whole processes.
    Processes,
}

/// A program that measures the processor.
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) expect: String,
}

/// All figures, in the order of the table. A server of this machine answers on `port`.
pub(crate) fn figures(port: u16) -> Vec<Figure> {
    let mut all = runs();
    all.extend(work());
    all.extend(states());
    all.extend(grants(port));
    all.extend(holds());
    all
}

fn figure(
    name: &'static str,
    title: &'static str,
    language: &'static str,
    kind: Kind,
    goals: &'static [(&'static str, &'static str)],
) -> Figure {
    Figure { name, title, language, kind, goals }
}

/// What it costs to run code.
fn runs() -> Vec<Figure> {
    vec![
        figure(
            "fresh-python",
            "fresh session, `print(1)`, drop",
            "python",
            Kind::Samples(fresh(&["print(1)"], "1")),
            &[("belljar python", "0.3 ms, p99 1 ms"), ("belljar python, worker", "0.4 ms")],
        ),
        figure(
            "fresh-javascript",
            "fresh session, `1+2`, drop",
            "javascript",
            Kind::Samples(fresh(&["1+2"], "3")),
            &[("belljar javascript", "15 µs"), ("belljar microjs", "5 µs")],
        ),
        figure(
            "fresh-packages",
            "fresh session of an image with requests, jinja2 and dateutil imported",
            "packages",
            Kind::Samples(fresh(&["print(1)"], "1")),
            &[("belljar with packages", "as the plain one")],
        ),
        figure(
            "step-python",
            "step in a live session, `print(n + 1)`",
            "python",
            Kind::Samples(step("n = 1", "print(n + 1)", "2")),
            &[("belljar python", "30 µs"), ("belljar python, worker", "100 µs")],
        ),
        figure(
            "step-javascript",
            "step in a live session, `n + 1`",
            "javascript",
            Kind::Samples(step("var n = 1", "n + 1", "2")),
            &[],
        ),
        figure(
            "agent-python",
            "new session and ten commands",
            "python",
            agent_python(),
            &[("belljar python", "1 ms")],
        ),
        figure("agent-javascript", "new session and ten commands", "javascript", agent_javascript(), &[]),
        figure(
            "process-python",
            "whole process, `print(1)`",
            "python",
            Kind::Processes,
            &[("belljar python", "faster than python3")],
        ),
        figure(
            "process-javascript",
            "whole process, `console.log(3)`",
            "javascript",
            Kind::Processes,
            &[("belljar javascript", "a fifth of node")],
        ),
    ]
}

/// What it costs to compute.
fn work() -> Vec<Figure> {
    vec![
        figure(
            "cpu-python",
            "processor, 12 programs, against native CPython",
            "python",
            Kind::Programs,
            &[("belljar python", "1.9x, then 1.3x")],
        ),
        figure(
            "cpu-javascript",
            "processor, 12 programs, against native QuickJS-ng",
            "javascript",
            Kind::Programs,
            &[("belljar javascript", "1.4x, then 1.15x")],
        ),
    ]
}

/// What it costs to copy a session, to keep it and to go on with it.
fn states() -> Vec<Figure> {
    const FORK: &[(&str, &str)] = &[("belljar python", "0.5 ms"), ("belljar javascript", "0.5 ms")];
    const SNAPSHOT: &[(&str, &str)] = &[("belljar python", "3 ms"), ("belljar javascript", "3 ms")];
    const RESTORE: &[(&str, &str)] = &[("belljar python", "2 ms"), ("belljar javascript", "2 ms")];
    let mut all = Vec::new();
    for (language, names, setup, code) in [
        ("python", ["fork-python", "snapshot-python", "restore-python"], STATE_PYTHON, "print(len(rows))"),
        (
            "javascript",
            ["fork-javascript", "snapshot-javascript", "restore-javascript"],
            STATE_JAVASCRIPT,
            "rows.length",
        ),
    ] {
        let (setup, code, expect) = (setup.to_owned(), code.to_owned(), "8192".to_owned());
        let fork = Ask::Fork { setup: setup.clone(), code: code.clone(), expect: expect.clone(), count: 1 };
        let snapshot = Ask::Snapshot { setup: setup.clone(), count: 1 };
        let restore = Ask::Restore { setup, code, expect, count: 1 };
        let [one, two, three] = names;
        let samples = Kind::Samples;
        all.push(figure(
            one,
            "copy a session with 1 MiB of state, first answer",
            language,
            samples(fork),
            FORK,
        ));
        all.push(figure(two, "that session as bytes", language, samples(snapshot), SNAPSHOT));
        all.push(figure(three, "from bytes to its first answer", language, samples(restore), RESTORE));
    }
    all
}

/// 8192 values of an unforeseeable kind that come to about 1 MiB.
const STATE_PYTHON: &str = "import random\nrows = [random.randbytes(88) for _ in range(8192)]";
const STATE_JAVASCRIPT: &str = "var rows = []; for (var i = 0; i < 8192; i++) { \
     rows.push([Math.random(), Math.random(), Math.random(), Math.random()]) }";

/// What it costs to use what was granted.
fn grants(port: u16) -> Vec<Figure> {
    let tool = |code: &str| Ask::Tool {
        setup: String::new(),
        code: code.to_owned(),
        expect: "3".to_owned(),
        count: 1,
    };
    let http = |setup: &str, code: String| Ask::Http {
        port,
        setup: setup.to_owned(),
        code,
        expect: "ready".to_owned(),
        count: 1,
    };
    let (call, request) = ("step that calls a function of the host", "step that makes one HTTP request");
    let python = format!("print(urlopen('http://127.0.0.1:{port}/').read().decode())");
    let javascript = format!("await (await fetch('http://127.0.0.1:{port}/')).text()");
    let samples = Kind::Samples;
    vec![
        figure("tool-python", call, "python", samples(tool("print(tools.add(a=1, b=2))")), &[]),
        figure("tool-javascript", call, "javascript", samples(tool("tools.add({a: 1, b: 2})")), &[]),
        figure(
            "http-python",
            request,
            "python",
            samples(http("from urllib.request import urlopen", python)),
            &[],
        ),
        figure("http-javascript", request, "javascript", samples(http("", javascript)), &[]),
    ]
}

/// What sessions take up, and how soon they stop.
fn holds() -> Vec<Figure> {
    vec![
        figure(
            "memory-python",
            "private memory, idle live session",
            "python",
            Kind::Bytes(idle("print(1)", "1")),
            &[("belljar python", "1 MiB")],
        ),
        figure(
            "memory-javascript",
            "private memory, idle live session",
            "javascript",
            Kind::Bytes(idle("1+2", "3")),
            &[("belljar javascript", "110 KiB"), ("belljar microjs", "34 KiB")],
        ),
        figure("stop-python", "stop after a deadline, busy loop", "python", stop("while True: pass"), STOP),
        figure(
            "stop-c-python",
            "stop after a deadline, `sum(range(10**12))`",
            "python",
            stop("sum(range(10**12))"),
            STOP,
        ),
        figure(
            "stop-javascript",
            "stop after a deadline, busy loop",
            "javascript",
            stop("while (true) {}"),
            STOP,
        ),
        figure(
            "stop-c-javascript",
            "stop after a deadline, a backtracking regular expression",
            "javascript",
            stop("/^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')"),
            STOP,
        ),
    ]
}

const STOP: &[(&str, &str)] =
    &[("belljar python", "p99 2 ms"), ("belljar javascript", "p99 2 ms"), ("belljar microjs", "p99 2 ms")];

fn fresh(codes: &[&str], expect: &str) -> Ask {
    let codes = codes.iter().map(|code| (*code).to_owned()).collect();
    Ask::Fresh { codes, expect: expect.to_owned(), count: 1 }
}

fn step(setup: &str, code: &str, expect: &str) -> Ask {
    Ask::Step { setup: setup.to_owned(), code: code.to_owned(), expect: expect.to_owned(), count: 1 }
}

fn idle(code: &str, expect: &str) -> Ask {
    Ask::Idle { code: code.to_owned(), expect: expect.to_owned(), count: IDLE_SESSIONS }
}

fn stop(code: &str) -> Kind {
    Kind::Samples(Ask::Stop { code: code.to_owned(), deadline_ms: DEADLINE_MS, count: 1 })
}

fn agent_python() -> Kind {
    let mut codes = vec!["rows = []"];
    codes.extend(["rows.append(len(rows) * 2)"; 8]);
    codes.push("print(sum(rows))");
    Kind::Samples(fresh(&codes, "56"))
}

fn agent_javascript() -> Kind {
    let mut codes = vec!["var rows = []"];
    codes.extend(["rows.push(rows.length * 2)"; 8]);
    codes.push("rows.reduce(function (a, b) { return a + b }, 0)");
    Kind::Samples(fresh(&codes, "56"))
}

/// The programs in a folder, by name, each with what it must answer.
pub(crate) fn programs(folder: &Path) -> Result<Vec<Program>> {
    let reading = || format!("reading {}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        if path.extension().is_none_or(|extension| extension == "out") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = |path: &Path| {
            std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
        };
        let expect = text(&path.with_extension("out"))?.trim_end().to_owned();
        found.push(Program { name, code: text(&path)?, expect });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
