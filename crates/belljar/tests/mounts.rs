//! What programs do with files all day works the same in memory, in a mount that is written and in one whose changes stay in memory.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::fs;
use std::path::Path;

use crate::common::{jar, jar_with, repr};
use belljar::{ChangeKind, Ended, Grants, Limits, MIB, Mount, Outcome, Selection, Session};

/// Python's ways with files, below the directory `HOME`. Its last expression is what it found.
const EVERYDAY: &str = r#"
import csv, glob, io, json, os, pathlib, shutil, tempfile, zipfile
home = pathlib.Path(HOME)
found = {}

# Modes.
(home / "notes.txt").write_text("one\n")
with open(home / "notes.txt", "a") as f: f.write("two\n")
with open(home / "notes.txt", "r+") as f:
    f.seek(0, io.SEEK_END); f.write("three\n"); f.seek(0); found["modes"] = f.read()
with open(home / "notes.txt", "rb") as f: f.seek(-6, os.SEEK_END); found["tail"] = f.read()
try: open(home / "notes.txt", "x")
except FileExistsError: found["exclusive"] = True

# Trees.
for name in ["a/1.txt", "a/b/2.txt", "a/b/c/3.txt"]:
    path = home / name; path.parent.mkdir(parents=True, exist_ok=True); path.write_text(name)
found["walk"] = [(os.path.relpath(at, home), sorted(folders), sorted(files)) for at, folders, files in sorted(os.walk(home / "a"))]
found["glob"] = sorted(os.path.relpath(p, home) for p in glob.glob(str(home / "**/*.txt"), recursive=True))
found["rglob"] = sorted(p.name for p in home.rglob("*.txt"))
with os.scandir(home / "a") as entries: found["scandir"] = sorted((e.name, e.is_dir(), e.stat().st_size) for e in entries if e.is_file())
shutil.copytree(home / "a", home / "copy")
found["copied"] = (home / "copy/b/c/3.txt").read_text()
found["same"] = os.path.samefile(home / "a", home / "copy/../a"), os.path.samefile(home / "a", home / "copy")

# Renames.
os.rename(home / "copy/b", home / "moved")
os.replace(home / "copy/1.txt", home / "moved/2.txt")
found["renamed"] = sorted(os.listdir(home / "moved")), (home / "moved/2.txt").read_text(), os.listdir(home / "copy")
shutil.move(home / "moved", home / "again")
shutil.rmtree(home / "copy")
found["left"] = sorted(os.listdir(home))

# Temporary files.
with tempfile.TemporaryDirectory(dir=home) as folder:
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as f: f.write(b"x"); kept = f.name
    found["temporary"] = os.path.getsize(kept)
with tempfile.TemporaryFile(dir=home) as f: f.write(b"gone"); f.seek(0); found["unnamed"] = f.read()

# Larger data.
with open(home / "rows.csv", "w", newline="") as f:
    csv.writer(f).writerows([n, n * n] for n in range(50_000))
with open(home / "rows.csv", newline="") as f: found["csv"] = sum(int(square) for _, square in csv.reader(f))
(home / "rows.json").write_text(json.dumps([{"n": n} for n in range(20_000)]))
with open(home / "rows.json") as f: found["json"] = len(json.load(f))
with zipfile.ZipFile(home / "all.zip", "w", zipfile.ZIP_DEFLATED) as z:
    for path in sorted(home.rglob("*.txt")): z.write(path, path.relative_to(home))
with zipfile.ZipFile(home / "all.zip") as z: z.extractall(home / "out"); found["zip"] = z.testzip(), len(z.namelist())
os.truncate(home / "rows.csv", 10); found["cut"] = (home / "rows.csv").stat().st_size
os.utime(home / "rows.csv", (1, 2)); found["times"] = os.stat(home / "rows.csv").st_mtime
os.symlink("rows.csv", home / "link"); found["link"] = (home / "link").read_bytes() == (home / "rows.csv").read_bytes(), os.readlink(home / "link")
json.dumps(found, sort_keys=True, default=repr)
"#;

#[track_caller]
fn run(session: &Session, code: &str) -> Outcome {
    let outcome = session.run_blocking(code).unwrap();
    assert_eq!(outcome.ended, Ended::Completed, "{:#?}", outcome.error);
    outcome
}

fn with(mount: Mount) -> Session {
    jar("python").with_grants(Grants::default().mount(mount)).session().unwrap()
}

fn everyday(session: &Session, home: &str) -> String {
    repr(&run(session, &EVERYDAY.replace("HOME", &format!("{home:?}")))).to_owned()
}

/// Every file below a directory, and what is in it.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(here) = waiting.pop() {
        for entry in fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                files.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn everyday_work_is_the_same_in_memory_and_in_mounts() {
    let in_memory = everyday(&jar("python").session().unwrap(), "/work");
    let (written, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(everyday(&with(Mount::read_write(written.path(), "/data")), "/data"), in_memory);

    let session = with(Mount::copy_on_write(kept.path(), "/data"));
    assert_eq!(everyday(&session, "/data"), in_memory);
    assert_eq!(tree(kept.path()), []);
    assert_eq!(session.apply(&Selection::All).unwrap().refused, []);
    // Archives hold times, which differ.
    let plain = |folder| tree(folder).into_iter().filter(|(name, _)| name != "all.zip").collect::<Vec<_>>();
    assert_eq!(plain(kept.path()), plain(written.path()));
    assert_eq!(session.changes().unwrap(), []);
}

#[test]
fn everyday_work_goes_on_over_what_the_host_has() {
    let place = tempfile::tempdir().unwrap();
    let first = everyday(&with(Mount::read_write(place.path(), "/data")), "/data");
    assert!(first.contains("three"));
    let before = tree(place.path());
    let code = "import os, shutil, pathlib, glob\nos.chdir('/data')\n\
        shutil.copytree('again', 'copied')\nos.rename('again', 'renamed')\nshutil.rmtree('a')\nos.replace('notes.txt', 'rows.json')\n\
        pathlib.Path('rows.csv').write_text('new')\n\
        sorted(glob.glob('**', recursive=True))";
    let (cow, rw) =
        (with(Mount::copy_on_write(place.path(), "/data")), Mount::read_write(place.path(), "/data"));
    let seen = repr(&run(&cow, code)).to_owned();
    assert_eq!(tree(place.path()), before);
    let other = tempfile::tempdir().unwrap();
    fs::create_dir(other.path().join("x")).unwrap();
    assert_eq!(cow.apply(&Selection::All).unwrap().refused, []);
    let listed = "import os, glob\nos.chdir('/data')\nsorted(glob.glob('**', recursive=True))";
    assert_eq!(repr(&run(&with(rw), listed)), seen);
    assert_eq!(cow.changes().unwrap(), []);
}

#[test]
fn a_large_file_is_read_as_it_is_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let file = fs::File::create(place.path().join("large.bin")).unwrap();
    file.set_len(3 << 30).unwrap();
    let limits = Limits { memory_bytes: 96 * MIB, ..Limits::default() };
    for mount in [Mount::read_only(place.path(), "/data"), Mount::copy_on_write(place.path(), "/data")] {
        let session =
            jar_with("python", limits.clone()).with_grants(Grants::default().mount(mount)).session().unwrap();
        let code = "f = open('/data/large.bin', 'rb')\nf.seek(-4, 2)\nlen(f.read()), f.tell()";
        assert_eq!(repr(&run(&session, code)), "(4, 3221225472)");
        let code = "import errno\ntry: open('/data/large.bin', 'ab')\nexcept OSError as error: print(errno.errorcode[error.errno])";
        assert!(["EROFS\n", "EFBIG\n"].contains(&run(&session, code).stdout.to_string().as_str()));
    }
}

#[test]
fn a_mount_may_take_the_place_of_the_working_directory() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("data.txt"), "here").unwrap();
    let session = with(Mount::copy_on_write(place.path(), "/work"));
    let outcome = run(&session, "open('new.txt', 'w').write('x')\nopen('data.txt').read()");
    assert_eq!(repr(&outcome), "'here'");
    let change = &outcome.changes[0];
    assert_eq!((&*change.path, change.kind), ("/work/new.txt", ChangeKind::Added));
}

/// Two sessions of one jar have each their own changes.
#[test]
fn sessions_do_not_see_each_others_changes() {
    let place = tempfile::tempdir().unwrap();
    let jar = jar("python").with_grants(Grants::default().mount(Mount::copy_on_write(place.path(), "/data")));
    let (one, other) = (jar.session().unwrap(), jar.session().unwrap());
    run(&one, "open('/data/x', 'w').write('1')");
    assert_eq!(repr(&run(&other, "import os\nos.listdir('/data')")), "[]");
    assert_eq!(other.changes().unwrap(), []);
    assert_eq!(one.changes().unwrap().len(), 1);
}
