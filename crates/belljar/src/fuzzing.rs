//! Ways in for the fuzz targets (`fuzz/`): what a guest or a stranger can hand to the host. Compiled for fuzzing, and for the tests
//! that try each of them with what lies in `fuzz/seeds`.

#[cfg(test)]
mod tests;
mod worker;

use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::de::IgnoredAny;

use crate::admit::{Plan, admit};
use crate::collect;
use crate::engine::encode::{Encoder, Verb};
use crate::engine::image::Language;
use crate::engine::instance::Ending;
use crate::error::Error;
use crate::grants::Grants;
use crate::host::Host;
use crate::host::files::Files;
use crate::host::files::pack::{Pack, Packing};
use crate::host::memory::GuestMemory;
use crate::host::net::request::HttpRequest;
use crate::host::net::rule::NetRule;
use crate::host::paths;
use crate::host::random::Random;
use crate::host::report::Report;
use crate::host::secrets::{Scrubber, Secret, Secrets};
use crate::host::stop::Stop;
use crate::host::time::Time;
use crate::host::wasi::path::{How, Named};
use crate::host::wasi::{clock, fd, path, poll, process, serve};
use crate::jar::Jar;
use crate::limits::{Limits, MIB};
use crate::mount::Mount;
use crate::outcome::{Ended, Json, Stream};
use crate::policy::Policy;
use crate::request::Request;
use crate::session::Session;
use crate::snapshot::{SnapshotKey, SnapshotRefused};
use crate::tool::{GrantedTool, Tool};
use crate::units::{Duration, Size};

pub use worker::{frames, services};

/// Memory of the pretended guest.
const MEMORY_BYTES: usize = 64 * 1024;

/// Limits so low that a few calls reach them.
fn limits() -> Limits {
    Limits {
        memory_bytes: 1 << 20,
        output_bytes: 1 << 12,
        files_bytes: 1 << 18,
        files_count: 64,
        files_depth: 8,
        open_files: 16,
        ..Limits::default()
    }
}

/// A sequence of host calls with any arguments, over memory with any content.
pub fn host_calls(bytes: &[u8]) {
    let (mut memory, mut arguments) = memory_and_arguments(bytes);
    let mut host = host();
    while let Some(function) = arguments.byte() {
        if call(&mut host, &mut GuestMemory::new(&mut memory), function, &mut arguments).is_err() {
            return;
        }
    }
    let printed = host.output.finish(&mut host.meter);
    let kept: usize = printed.chunks.iter().map(|chunk| chunk.text.as_bytes().len()).sum();
    assert!(kept < (1 << 12) + 128, "more output was kept than the limit allows");
    assert!(host.meter.peak_bytes() <= 1 << 20, "more was held than the limit allows");
}

/// A way for a run to end.
fn ending_of(kind: u8, text: &[u8]) -> Ending {
    let stop = match kind % 14 {
        0..=4 => return Ending::Served(None),
        5 => return Ending::OutOfFuel,
        6 => return Ending::StackOverflow,
        7 => return Ending::Broken(String::from_utf8_lossy(text).into_owned()),
        8 => return Ending::Served(Some(Stop::WallTime)),
        9 => Stop::Exit(i32::from(kind)),
        10 => Stop::CpuTime,
        11 => Stop::HostCalls,
        12 => Stop::NoMemory,
        _ => Stop::Cancelled,
    };
    Ending::Stopped(stop)
}

/// A sequence of reports with any content, and what becomes of them.
pub fn reports(bytes: &[u8]) {
    let limits = Limits { value_bytes: 1 << 10, ..limits() };
    let (mut memory, mut arguments) = memory_and_arguments(bytes);
    let mut host = host();
    host.report = Report::new(&limits);
    let mut ending = ending_of(arguments.byte().unwrap_or(0), bytes);
    while let Some(what) = arguments.byte() {
        let memory = GuestMemory::new(&mut memory);
        let taken = match what % 16 {
            0 => host.output.write(&mut host.meter, &memory, Stream::Stderr, arguments.pair()),
            field => host.report.field(&mut host.meter, &memory, field.into(), arguments.pair()),
        };
        if let Err(stop) = taken {
            ending = Ending::Stopped(stop);
            break;
        }
    }
    let outcome = collect::of_host(&mut host, ending, &limits, Default::default());
    if let Some(value) = &outcome.value {
        // What is not UTF-8 becomes three bytes for each that was wrong.
        assert!(value.repr.len() <= 3 << 10, "the repr is longer than the limit allows");
        assert!(value.json.as_ref().is_none_or(|json| json.get().len() <= 1 << 10), "so is the JSON");
    }
    let json = serde_json::to_string(&outcome).expect("an outcome can be written");
    serde_json::from_str::<IgnoredAny>(&json).expect("what was written can be read");
}

/// Anything that can be asked for.
pub fn requests(bytes: &[u8]) {
    let mut pieces =
        bytes.split(|byte| *byte == 0xff).map(|piece| String::from_utf8_lossy(piece).into_owned());
    let mut next = || pieces.next().unwrap_or_default();
    let mut request = Request::new(next()).name(next()).input(next(), next()).environment(next(), next());
    if let Ok(asked) = serde_json::from_str::<Limits>(&next()) {
        request = request.limits(asked);
    }
    request = request.arguments(pieces);
    let language = if bytes.len().is_multiple_of(2) { Language::Python } else { Language::JavaScript };
    if let Ok(plan) = admit(request, language, &Limits::default(), None) {
        check_encoding(&plan);
    }
}

/// Reads a request back as an engine does: fields of a tag, a length and so many bytes, to the very end.
fn check_encoding(plan: &Plan) {
    let mut encoder = Encoder::new(Verb::Run);
    encoder.plan(plan);
    let encoded = encoder.finish();
    let (mut rest, mut fields) = (&encoded[..], Vec::new());
    while let Some((header, behind)) = rest.split_first_chunk::<8>() {
        let [tag, len] = [0, 4].map(|at| u32::from_le_bytes([0, 1, 2, 3].map(|byte| header[at + byte])));
        let (field, behind) = behind.split_at(len as usize);
        fields.push((tag, field));
        rest = behind;
    }
    assert!(rest.is_empty(), "something is left over behind the last field");
    let of = |wanted: u32| fields.iter().filter(move |(tag, _)| *tag == wanted).map(|(_, field)| *field);
    assert!(of(3).eq([plan.name.as_bytes()]) && of(4).eq([plan.code.as_bytes()]), "name or code changed");
    assert!(of(5).eq(plan.arguments.iter().map(String::as_bytes)), "the arguments changed");
    assert!(of(6).eq(plan.environment.iter().map(String::as_bytes)), "the environment changed");
    let inputs = plan.inputs.iter().map(|(name, json)| format!("{name}\0{json}"));
    assert!(of(7).map(<[u8]>::to_vec).eq(inputs.map(String::into_bytes)), "the inputs changed");
}

/// Half of the bytes as the guest's memory, half as the arguments of its calls.
fn memory_and_arguments(bytes: &[u8]) -> (Vec<u8>, Arguments<'_>) {
    let (content, calls) = bytes.split_at(bytes.len() / 2);
    let mut memory = vec![0; MEMORY_BYTES];
    memory[..content.len().min(MEMORY_BYTES)].copy_from_slice(&content[..content.len().min(MEMORY_BYTES)]);
    (memory, Arguments(calls))
}

/// The files of an image that has none: a folder without a name is not there.
static PACK: LazyLock<Arc<Pack>> = LazyLock::new(|| {
    let bytes = Packing::default().finish().expect("nothing can be packed");
    Arc::new(Pack::from_bytes(bytes).expect("what was packed can be opened"))
});

fn host() -> Host {
    Host::new(&limits(), Time::repeatable(), Random::from_seed(0), Files::new(&limits(), PACK.clone()))
}

/// Arguments that are sometimes small, so that they often mean something.
struct Arguments<'a>(&'a [u8]);

impl Arguments<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn word(&mut self) -> u32 {
        let Some(kind) = self.byte() else { return 0 };
        if kind < 192 {
            return u32::from(kind);
        }
        let mut word = [0; 4];
        for byte in &mut word {
            *byte = self.byte().unwrap_or(0);
        }
        u32::from_le_bytes(word) >> (8 * (kind % 4))
    }

    fn long(&mut self) -> u64 {
        u64::from(self.word()) << 32 | u64::from(self.word())
    }

    fn pair(&mut self) -> (u32, u32) {
        (self.word(), self.word())
    }

    fn named(&mut self) -> Named {
        Named { fd: 3, lookup: self.word(), path: self.pair() }
    }
}

fn call(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    function: u8,
    from: &mut Arguments<'_>,
) -> Result<(), Stop> {
    let stream = if function & 1 == 0 { Stream::Stdout } else { Stream::Stderr };
    match function % 46 {
        0 | 1 => return host.output.write(&mut host.meter, memory, stream, from.pair()),
        2 => return host.input.read(memory, from.word(), from.word()).map(drop),
        3 | 4 => return host.report.field(&mut host.meter, memory, from.word(), from.pair()),
        5 => return host.random.fill(memory, from.word(), from.word()),
        _ => {}
    }
    serve(host, memory, |host, memory| match function % 46 {
        6 => fd::read(host, memory, from.word(), from.pair(), from.word()),
        7 => fd::pread(host, memory, from.word(), from.pair(), (from.long(), from.word())),
        8 => fd::write(host, memory, from.word(), from.pair(), from.word()),
        9 => fd::pwrite(host, memory, from.word(), from.pair(), (from.long(), from.word())),
        10 => fd::seek(host, memory, from.word(), (from.long().cast_signed(), from.word()), from.word()),
        11 => fd::tell(host, memory, from.word(), from.word()),
        12 => fd::close(host, memory, from.word()),
        13 => fd::renumber(host, memory, from.word(), from.word()),
        14 => fd::allocate(host, memory, from.word(), (from.long(), from.long())),
        15 => fd::fdstat_get(host, memory, from.word(), from.word()),
        16 => fd::fdstat_set_flags(host, memory, from.word(), from.word()),
        17 => fd::filestat_get(host, memory, from.word(), from.word()),
        18 => fd::filestat_set_size(host, memory, from.word(), from.long()),
        19 => fd::filestat_set_times(host, memory, from.word(), (from.long(), from.long()), from.word()),
        20 => fd::prestat_get(host, memory, from.word(), from.word()),
        21 => fd::prestat_dir_name(host, memory, from.word(), from.pair()),
        22 | 23 => fd::readdir(host, memory, from.word(), from.pair(), (from.long(), from.word())),
        24..=26 => {
            let how = How { oflags: from.word(), rights: u64::MAX, fdflags: from.word() };
            path::open(host, memory, from.named(), how, from.word())
        }
        27 => path::filestat_get(host, memory, from.named(), from.word()),
        28 => path::filestat_set_times(host, memory, from.named(), (from.long(), from.long()), from.word()),
        29 => path::create_directory(host, memory, from.named()),
        30 => path::remove_directory(host, memory, from.named()),
        31 => path::unlink_file(host, memory, from.named()),
        32 => path::rename(host, memory, from.named(), from.named()),
        33 => path::symlink(host, memory, from.pair(), from.named()),
        34 => path::readlink(host, memory, from.named(), from.pair(), from.word()),
        35 => process::environ_get(host, memory, from.word(), from.word()),
        36 => process::random_get(host, memory, from.pair()),
        37 => clock::time_get(host, memory, from.word(), from.word()),
        38 => clock::res_get(host, memory, from.word(), from.word()),
        39 => paths::stat(host, memory, from.pair(), from.word(), from.word()),
        40 => paths::read(host, memory, from.pair(), from.long(), (from.pair(), from.word())),
        41 => paths::write(host, memory, from.pair(), from.word(), from.pair()),
        42 => paths::list(host, memory, from.pair(), (from.pair(), from.word())),
        43 => paths::link(host, memory, from.pair(), (from.pair(), from.word())),
        44 => paths::change(host, memory, from.word(), from.pair(), from.pair()),
        _ => {
            let wait = poll::prepare(host, memory, from.pair(), from.pair())?;
            poll::finish(memory, &wait)
        }
    })
    .map(drop)
}

/// An archive of read-only files, from any bytes.
pub fn pack(bytes: &[u8]) {
    let _ = Pack::from_bytes(bytes.to_vec());
}

/// What somebody says is a mount: refused, or absolute and plain, and read again as it is shown.
pub fn mount(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(mount) = text.parse::<Mount>() {
        let plain = mount.destination().split('/').skip(1).all(|name| !["", ".", ".."].contains(&name));
        assert!(mount.destination().starts_with('/') && plain, "{mount} is not plain");
        assert_eq!(
            mount.to_string().parse::<Mount>().ok(),
            Some(mount),
            "{text:?} is not read as it is shown"
        );
    }
}

/// What a guest says is JSON.
pub fn json(bytes: &[u8]) {
    let Ok(text) = String::from_utf8(bytes.to_vec()) else { return };
    if let Ok(json) = Json::new(text) {
        json.parse::<IgnoredAny>().expect("checked JSON can be read");
    }
}

/// A tool as another server describes it: refused, or declared in few words that end where they must.
pub fn declarations(bytes: &[u8]) {
    #[derive(serde::Deserialize)]
    struct Described {
        about: String,
        parameters: serde_json::Value,
        returns: serde_json::Value,
    }
    let Ok(Described { about, parameters, returns }) = serde_json::from_slice(bytes) else { return };
    let tool = Tool::answered_by_caller("odd").about(about.as_str()).parameters(parameters).returns(returns);
    if GrantedTool::new(tool.clone()).is_err() {
        return;
    }
    for language in [Language::Python, Language::JavaScript] {
        let stub = tool.stub(language);
        assert!(stub.len() <= 16 * bytes.len() + (200 << 10), "{} bytes of {}", stub.len(), bytes.len());
    }
    let python = tool.stub(Language::Python);
    assert!(python.starts_with("async def odd("), "{python}");
    if let Some((head, text)) = python.split_once("    \"\"\"") {
        let mut lines = head.lines().skip(1);
        assert!(lines.all(|line| line.starts_with("    # ")), "{python}");
        let text = text.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(text.find("\"\"\"\n"), text.len().checked_sub(4), "{python}");
    }
    let comment = tool.stub(Language::JavaScript);
    if let Some(rest) = comment.strip_prefix("/** ") {
        let after = rest.split_once("*/").map(|(_, after)| after);
        assert!(after.is_some_and(|after| after.starts_with("\nfunction odd(args")), "{comment}");
    }
}

/// Code that somebody says is TypeScript, run as such with the images that are installed.
pub fn typescript(bytes: &[u8]) {
    static JAR: LazyLock<Jar> = LazyLock::new(|| {
        let limits = Limits { time_ms: 100, memory_bytes: 32 * MIB, ..Limits::default() };
        Jar::open("javascript")
            .and_then(|jar| jar.with_limits(limits))
            .unwrap_or_else(|error| panic!("{error} ({:?})", error.hint()))
    });
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let outcome = JAR.run_blocking(Request::new(text).name("fuzz.ts")).expect("such a request is admitted");
    assert_ne!(outcome.ended, Ended::Crashed, "{:?}", outcome.error);
    assert!(outcome.usage.peak_memory_bytes <= 33 * MIB, "{:?}", outcome.usage);
    assert!(outcome.usage.wall_ms < 1000.0, "{:?}", outcome.usage);
}

/// A program and what it imports: package.json, an ES module, a CommonJS module and the program, apart by a byte that no text has. Whatever
/// they are, the engine does not break, and goes on.
pub fn modules(bytes: &[u8]) {
    static JAR: LazyLock<Jar> = LazyLock::new(|| {
        let limits = Limits { time_ms: 200, memory_bytes: 32 * MIB, ..Limits::default() };
        Jar::open("javascript")
            .and_then(|jar| jar.with_limits(limits))
            .unwrap_or_else(|error| panic!("{error} ({:?})", error.hint()))
    });
    let mut pieces = bytes.split(|byte| *byte == 0xff);
    let mut grants = Grants::default();
    for name in ["node_modules/p/package.json", "node_modules/p/a.mjs", "b.cjs"] {
        grants = grants.file(format!("/work/{name}"), pieces.next().unwrap_or_default().to_vec());
    }
    let program = String::from_utf8_lossy(pieces.next().unwrap_or(b"import 'p'")).into_owned();
    let session = JAR.clone().with_grants(grants).session().expect("files can be placed there");
    for code in [program.as_str(), "await import('p')", "require('./b.cjs')", "require('p')"] {
        let outcome = session.run_blocking(code).expect("such a request is admitted");
        assert_ne!(outcome.ended, Ended::Crashed, "{code}: {:?}", outcome.error);
    }
}

/// A body of a snapshot as if it were signed, of a session of microjs that has `folder` mounted, or a tool that its caller answers. What is
/// accepted can be gone on with.
pub fn snapshot(folder: &Path, bytes: &[u8]) {
    static JARS: OnceLock<[Jar; 2]> = OnceLock::new();
    let jars = JARS.get_or_init(|| {
        let mounted = Grants::default().mount(Mount::copy_on_write(folder, "/work/src"));
        let mounted = mounted.mount(Mount::read_only(folder, "/data"));
        let tool = Grants::default().seed(7).tool(Tool::answered_by_caller("ask")).expect("it is a tool");
        [mounted, tool].map(|grants| {
            let limits =
                Limits { time_ms: 100, memory_bytes: 16 * MIB, files_bytes: MIB, ..Limits::default() };
            let jar = Jar::open("microjs").and_then(|jar| jar.with_limits(limits));
            let jar = jar.unwrap_or_else(|error| panic!("{error} ({:?})", error.hint()));
            jar.with_grants(grants).with_snapshot_key(SnapshotKey::new([7; 32]))
        })
    });
    let Some((first, body)) = bytes.split_first() else { return };
    // Seeds are text, as everything in the tree.
    let decoded = (first & 4 != 0).then(|| BASE64_STANDARD.decode(body.trim_ascii()));
    let body = match &decoded {
        Some(Ok(decoded)) => decoded.as_slice(),
        Some(Err(_)) => return,
        None => body,
    };
    // What is not packed is packed here, so that what is in it can be found.
    let jar = &jars[usize::from(first & 1)];
    let packed = if first & 2 == 0 { body.to_vec() } else { lz4_flex::compress_prepend_size(body) };
    jar.restore(body).expect_err("nobody has signed it");
    match Session::unpacked(jar.clone(), &packed) {
        Ok((session, _)) => {
            let run = session.run_blocking("1");
            assert!(!matches!(run, Err(Error::Internal(_))), "it cannot be gone on with: {run:?}");
            if let Ok(again) = session.snapshot() {
                jar.restore(&again).expect("what was written can be read");
            }
        }
        Err(Error::Snapshot(SnapshotRefused::Content(_))) => {}
        Err(other) => panic!("it is refused for another reason: {other}"),
    }
}

/// A rule, and behind a line end a URL.
pub fn net_rule(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (rule, url) = text.split_once('\n').unwrap_or((text, "https://a.example.com/"));
    let Ok(rule) = rule.parse::<NetRule>() else { return };
    assert_eq!(rule.to_string().parse::<NetRule>().expect("what is shown can be read"), rule);
    let Ok(url) = url::Url::parse(url) else { return };
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else { return };
    if rule.covers_host(&host, port) {
        let shown = rule.to_string();
        let named = shown.rsplit('@').next().and_then(|place| place.split('/').next()).unwrap_or_default();
        let named = named.strip_suffix(&format!(":{port}")).unwrap_or(named);
        let host = host.to_string();
        match named.strip_prefix('*') {
            Some(above) => {
                assert!(host.ends_with(above) && host.len() > above.len(), "{shown} covers {host}")
            }
            None => assert_eq!(host, named),
        }
    }
}

/// What is given as a policy: refused with a place that is in it, or read as the same policy when it is written out.
pub fn policy(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Policy::parse(text, "fuzzed") {
        Ok(policy) => {
            let shown = policy.to_string();
            let again = Policy::parse(&shown, "fuzzed").unwrap_or_else(|error| panic!("{shown}\n{error}"));
            assert_eq!(again, policy, "{shown}");
        }
        Err(Error::Policy(problems)) => {
            assert!(!problems.all().is_empty() && problems.all().len() <= 20);
            for problem in problems.all() {
                assert!(problem.line <= text.matches('\n').count() + 1, "{problem}");
                assert!(!problem.message.is_empty() && !problem.hint.is_empty(), "{problem}");
            }
        }
        Err(other) => panic!("{other}"),
    }
}

/// What is typed as a size or a time: refused, or shown in a way that means no less when it is typed again.
pub fn units(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(size) = text.parse::<Size>()
        && let Ok(again) = size.to_string().parse::<Size>()
    {
        assert!(again.0 >= size.0, "{text:?} is shown as {size}, which is less");
    }
    if let Ok(time) = text.parse::<Duration>() {
        assert_eq!(time.to_string().parse(), Ok(time), "{text:?} is shown as {time}");
    }
}

/// The fields of a request over HTTP.
pub fn http_request(bytes: &[u8]) {
    let Ok(request) = HttpRequest::read(bytes) else { return };
    assert!(request.place().starts_with(&request.host().to_string()), "the host is the one of the URL");
    for (name, value) in &request.headers {
        assert!(!value.as_bytes().iter().any(|byte| b"\r\n\0".contains(byte)), "{name} has more than a line");
    }
    let _ = request.target();
}

/// A stream with secrets in it, whose first byte says how long the pieces are.
pub fn scrub(bytes: &[u8]) {
    const VALUE: &str = "a/secret+of=fuzzing&\"1\"";
    let Some((cut, rest)) = bytes.split_first() else { return };
    let Ok(secret) = Secret::new("KEY", "h.example", "X-Key", VALUE) else { unreachable!("it is one") };
    let secrets = Secrets::new(&[secret], &mut Random::from_seed(0)).expect("there is one");
    // A byte that says so becomes the secret.
    let text: Vec<u8> = rest
        .iter()
        .flat_map(|byte| if *byte == 0xff { VALUE.as_bytes().to_vec() } else { vec![*byte] })
        .collect();
    let mut scrubber = Scrubber::new(Arc::clone(&secrets));
    let pieces = text.chunks(usize::from(*cut).max(1));
    let mut out: Vec<u8> = pieces.flat_map(|piece| scrubber.push(piece)).collect();
    out.extend(scrubber.finish());
    assert!(!out.windows(VALUE.len()).any(|window| window == VALUE.as_bytes()), "a secret came through");
    assert_eq!(out, secrets.scrub(text), "the pieces make no difference");
}
