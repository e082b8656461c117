//! An index of packages on this machine, with wheels that a test makes, and a place of a test's own to keep them.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::program::{Folder, Gave, belljar};

/// A wheel: its file name and its bytes.
#[derive(Clone)]
pub(crate) struct Wheel {
    pub(crate) file: String,
    pub(crate) bytes: Vec<u8>,
    /// What the index says of its hash: the truth, unless a test wants something else.
    pub(crate) sha256: String,
}

impl Wheel {
    /// A wheel of pure Python that needs these others.
    pub(crate) fn pure(name: &str, version: &str, needs: &[&str], files: &[(&str, &str)]) -> Self {
        Self::tagged(name, version, "py3-none-any", needs, files)
    }

    /// A wheel with these tags.
    pub(crate) fn tagged(
        name: &str,
        version: &str,
        tags: &str,
        needs: &[&str],
        files: &[(&str, &str)],
    ) -> Self {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let needs: String = needs.iter().map(|need| format!("Requires-Dist: {need}\n")).collect();
        let about = format!("{name}-{version}.dist-info");
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}");
        let wheel = format!("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tags}\n");
        let own = [
            (format!("{about}/METADATA"), metadata),
            (format!("{about}/WHEEL"), wheel),
            (format!("{about}/RECORD"), String::new()),
        ];
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        for (path, text) in files.chain(own) {
            writer.start_file(path, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        Self::of(format!("{name}-{version}-{tags}.whl"), writer.finish().unwrap().into_inner())
    }

    /// These bytes under this name.
    pub(crate) fn of(file: String, bytes: Vec<u8>) -> Self {
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Self { file, bytes, sha256 }
    }

    /// The same with each `from` in its bytes replaced: names that no writer would write. Its checksums of contents still hold.
    pub(crate) fn with(mut self, from: &str, to: &str) -> Self {
        assert_eq!(from.len(), to.len());
        for at in 0..self.bytes.len() - from.len() {
            if self.bytes[at..].starts_with(from.as_bytes()) {
                self.bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            }
        }
        Self::of(self.file, self.bytes)
    }

    fn project(&self) -> String {
        self.file.split('-').next().unwrap().replace('_', "-").to_lowercase()
    }
}

/// A server that answers as an index does, until it is dropped.
pub(crate) struct Index {
    pub(crate) address: String,
    wheels: Arc<Mutex<Vec<Wheel>>>,
    requests: Arc<AtomicUsize>,
    port: u16,
}

impl Index {
    pub(crate) fn new(wheels: impl IntoIterator<Item = Wheel>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let wheels = Arc::new(Mutex::new(wheels.into_iter().collect::<Vec<_>>()));
        let requests = Arc::new(AtomicUsize::new(0));
        let (serving, counting) = (Arc::clone(&wheels), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (wheels, requests) = (Arc::clone(&serving), Arc::clone(&counting));
                std::thread::spawn(move || {
                    let _ = answer(stream, &wheels, &requests);
                });
            }
        });
        Self { address: format!("http://127.0.0.1:{port}/simple"), wheels, requests, port }
    }

    /// Offers one more.
    pub(crate) fn add(&self, wheel: Wheel) {
        self.wheels.lock().unwrap().push(wheel);
    }

    /// How many requests it has seen.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// An address of this machine at which nobody answers.
    pub(crate) fn nowhere() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/simple", listener.local_addr().unwrap())
    }

    /// The server's port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

fn answer(mut stream: TcpStream, wheels: &Mutex<Vec<Wheel>>, requests: &AtomicUsize) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut header = String::new();
        while reader.read_line(&mut header)? > 2 {
            header.clear();
        }
        requests.fetch_add(1, Ordering::SeqCst);
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let wheels = wheels.lock().unwrap().clone();
        let (status, kind, body) = page(&path, &wheels);
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        if !line.starts_with("HEAD") {
            stream.write_all(&body)?;
        }
    }
}

fn page(path: &str, wheels: &[Wheel]) -> (&'static str, &'static str, Vec<u8>) {
    if let Some(file) = path.strip_prefix("/files/")
        && let Some(wheel) = wheels.iter().find(|wheel| wheel.file == file)
    {
        return ("200 OK", "application/octet-stream", wheel.bytes.clone());
    }
    if let Some(project) = path.strip_prefix("/simple/").map(|rest| rest.trim_end_matches('/')) {
        let own: Vec<&Wheel> = wheels.iter().filter(|wheel| wheel.project() == project).collect();
        let links = own
            .iter()
            .map(|wheel| format!("<a href=\"/files/{0}#sha256={1}\">{0}</a><br>", wheel.file, wheel.sha256));
        let page = format!("<!DOCTYPE html><html><body>{}</body></html>", links.collect::<String>());
        if !own.is_empty() {
            return ("200 OK", "text/html", page.into_bytes());
        }
    }
    ("404 Not Found", "text/plain", b"nothing here".to_vec())
}

/// A cache of a test's own: the images and tools of this machine's, and a store that nobody has put anything into.
pub(crate) struct World {
    pub(crate) folder: Folder,
    variables: BTreeMap<String, String>,
}

impl World {
    pub(crate) fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let own = folder.path().join("belljar");
        let cache = cache();
        link(&cache.join("tools"), &own.join("tools"));
        for shelf in
            fs::read_dir(cache.join("images")).expect("run `cargo xtask setup` before these tests").flatten()
        {
            for image in fs::read_dir(shelf.path()).into_iter().flatten().flatten() {
                link(&image.path(), &own.join("images").join(shelf.file_name()).join(image.file_name()));
            }
        }
        Self { folder, variables: BTreeMap::new() }
    }

    /// The same, with this index in the place of the public one.
    pub(crate) fn with_index(name: &str, address: &str) -> Self {
        let mut world = Self::new(name);
        world.set("UV_DEFAULT_INDEX", address);
        world
    }

    /// Sets a variable of the environment.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// The program in this world.
    pub(crate) fn command(&self) -> Command {
        let mut command = belljar();
        // A retry would only be slow here.
        command.env("UV_HTTP_RETRIES", "0").env("XDG_CACHE_HOME", self.folder.path()).envs(&self.variables);
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program in this world.
    #[track_caller]
    pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Gave {
        self.command().args(arguments).output().expect("the program can be started").into()
    }

    /// What is in the store: wheels, and sets of them; drafts too.
    pub(crate) fn kept(&self) -> Vec<PathBuf> {
        let shelves = ["wheels", "sets"].map(|shelf| self.folder.path().join("belljar/store").join(shelf));
        shelves
            .iter()
            .flat_map(|shelf| fs::read_dir(shelf).into_iter().flatten().flatten().map(|entry| entry.path()))
            .collect()
    }
}

fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("there is a home")).join(".cache"));
    base.join("belljar")
}

fn link(to: &Path, at: &Path) {
    fs::create_dir_all(at.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(to, at).unwrap();
}

/// A wheel that `cargo xtask packages` left in the cache, under the name that its index has it by.
pub(crate) fn real(name: &str, tags: &str) -> Wheel {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/programs/packages.json");
    let list: serde_json::Value = serde_json::from_slice(&fs::read(list).unwrap()).unwrap();
    let known = list["wheels"]
        .as_array()
        .unwrap()
        .iter()
        .find(|wheel| wheel["name"] == name)
        .expect("it is in the list");
    let (version, sha256) = (known["version"].as_str().unwrap(), known["sha256"].as_str().unwrap());
    let path = cache().join(format!("sources/wheel-{name}-{version}-{}/{name}.whl", &sha256[..16]));
    let bytes = fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error} (run `cargo xtask packages`)", path.display()));
    Wheel::of(format!("{name}-{version}-{tags}.whl"), bytes)
}
