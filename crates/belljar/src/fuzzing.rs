//! Ways in for the fuzz targets (`fuzz/`): what a guest or a stranger can hand to the host. Compiled for fuzzing only.

use std::sync::Arc;

use crate::admit::admit;
use crate::engine::image::Language;
use crate::host::Host;
use crate::host::files::Files;
use crate::host::files::pack::Pack;
use crate::host::memory::GuestMemory;
use crate::host::net::request::HttpRequest;
use crate::host::net::rule::NetRule;
use crate::host::random::Random;
use crate::host::secrets::{Scrubber, Secret, Secrets};
use crate::host::stop::Stop;
use crate::host::time::Time;
use crate::host::wasi::path::{How, Named};
use crate::host::wasi::{clock, fd, path, poll, process, serve};
use crate::limits::Limits;
use crate::outcome::{Json, Stream};
use crate::request::Request;

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
    let (content, calls) = bytes.split_at(bytes.len() / 2);
    let mut memory = vec![0; MEMORY_BYTES];
    memory[..content.len().min(MEMORY_BYTES)].copy_from_slice(&content[..content.len().min(MEMORY_BYTES)]);
    let pack =
        Arc::new(Pack::from_bytes(Vec::new()).unwrap_or_else(|_| unreachable!("an empty archive is one")));
    let mut host =
        Host::new(&limits(), Time::repeatable(), Random::from_seed(0), Files::new(&limits(), pack));
    let mut arguments = Arguments(calls);
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

#[expect(clippy::too_many_lines, reason = "one line for each function that a guest can call")]
fn call(
    host: &mut Host,
    memory: &mut GuestMemory<'_>,
    function: u8,
    from: &mut Arguments<'_>,
) -> Result<(), Stop> {
    let stream = if function & 1 == 0 { Stream::Stdout } else { Stream::Stderr };
    match function % 40 {
        0 | 1 => return host.output.write(&mut host.meter, memory, stream, from.pair()),
        2 => return host.input.read(memory, from.word(), from.word()).map(drop),
        3 | 4 => return host.report.field(&mut host.meter, memory, from.word(), from.pair()),
        5 => return host.random.fill(memory, from.word(), from.word()),
        _ => {}
    }
    serve(host, memory, |host, memory| match function % 40 {
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

/// What a guest says is JSON.
pub fn json(bytes: &[u8]) {
    let Ok(text) = String::from_utf8(bytes.to_vec()) else { return };
    if let Ok(json) = Json::new(text) {
        json.parse::<serde::de::IgnoredAny>().expect("checked JSON can be read");
    }
}

/// Code that somebody says is TypeScript.
pub fn typescript(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let lines = text.lines().count();
    if let Ok(plan) = admit(Request::new(text).name("fuzz.ts"), Language::JavaScript, &limits()) {
        assert_eq!(plan.code.lines().count(), lines, "taking types out moved lines");
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
