//! Files of JavaScript: `node:fs` and `node:path`, in memory and in mounts, as Node has them.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::fs;
use std::os::unix::fs::symlink;

use crate::common::{jar, jar_with, repr};
use belljar::{ChangeKind, Ended, Grants, Limits, MIB, Mount, Outcome, Request, Selection, Session};

/// What code says an act ends with.
const HEAD: &str = "import fs from 'node:fs'\nimport fsp from 'node:fs/promises'\nimport path from 'node:path'\n\
    const attempt = (act) => { try { return act() ?? 'done' } catch (e) { return e.code ?? `${e}` } }\n";

/// Everyday work with files below `HOME`.
const EVERYDAY: &str = r#"
const home = HOME
const at = (name) => path.join(home, name)
const found = {}
fs.writeFileSync(at('notes.txt'), 'one\n')
fs.appendFileSync(at('notes.txt'), 'two\n')
fs.writeFileSync(at('notes.txt'), 'three é\n', { flag: 'a' })
found.text = fs.readFileSync(at('notes.txt'), 'utf8')
found.bytes = [fs.readFileSync(at('notes.txt')).length, fs.readFileSync(at('notes.txt')) instanceof Uint8Array]
found.exclusive = attempt(() => fs.writeFileSync(at('notes.txt'), 'x', { flag: 'wx' }))
for (const [name, encoding] of [['a.hex', 'hex'], ['a.b64', 'base64'], ['a.url', 'base64url'], ['a.latin1', 'latin1']]) {
  fs.writeFileSync(at(name), fs.readFileSync(at('notes.txt'), encoding), encoding)
  found[encoding] = [fs.readFileSync(at(name), 'utf8') === found.text, fs.readFileSync(at(name), encoding)]
}

found.made = [fs.mkdirSync(at('a/b/c'), { recursive: true }) === at('a'), fs.mkdirSync(at('a/b'), { recursive: true })]
for (const name of ['a/1.txt', 'a/b/2.txt', 'a/b/c/3.txt']) fs.writeFileSync(at(name), name)
found.listed = [fs.readdirSync(at('a')), fs.readdirSync(at('a'), { recursive: true })]
found.types = fs.readdirSync(at('a'), { withFileTypes: true }).map((e) => [e.name, e.isFile(), e.isDirectory(), path.relative(home, e.parentPath)])
const stat = fs.statSync(at('a/b/2.txt'))
found.stat = [stat.size, stat.isFile(), stat.isDirectory(), stat.mtime instanceof Date, Math.abs(stat.mtimeMs - Date.now()) < 60000]
found.missing = [fs.existsSync(at('none')), fs.existsSync(at('a')), fs.statSync(at('none'), { throwIfNoEntry: false })]

fs.renameSync(at('a/b'), at('moved'))
fs.copyFileSync(at('moved/c/3.txt'), at('copy.txt'))
found.moved = [fs.readdirSync(at('moved')), fs.readFileSync(at('copy.txt'), 'utf8'), attempt(() => fs.copyFileSync(at('copy.txt'), at('notes.txt'), fs.constants.COPYFILE_EXCL))]
fs.symlinkSync('moved/c', at('link'))
found.link = [fs.readlinkSync(at('link')), fs.lstatSync(at('link')).isSymbolicLink(), fs.statSync(at('link')).isDirectory(), path.relative(home, fs.realpathSync(at('link/3.txt')))]
fs.truncateSync(at('notes.txt'), 3)
found.cut = fs.readFileSync(at('notes.txt'), 'utf8')

found.refused = [
  attempt(() => fs.rmSync(at('moved'))), attempt(() => fs.rmdirSync(at('moved'))), attempt(() => fs.unlinkSync(at('moved'))), attempt(() => fs.rmSync(at('none'))),
  attempt(() => fs.rmSync(at('none'), { force: true })), attempt(() => fs.mkdirSync(at('moved'))), attempt(() => fs.readFileSync(at('moved'))), attempt(() => fs.readdirSync(at('copy.txt'))),
  attempt(() => fs.readFileSync(at('copy.txt/x'))), attempt(() => fs.accessSync(at('none'))), attempt(() => fs.writeFileSync(at('no/such'), '')), attempt(() => fs.mkdirSync(at('copy.txt'), { recursive: true })),
]
fs.rmSync(at('moved'), { recursive: true })
fs.unlinkSync(at('link'))
fs.rmdirSync(fs.mkdtempSync(at('tmp-')))

await fsp.writeFile(at('p.txt'), new Uint8Array([104, 105]))
found.promised = [await fsp.readFile(at('p.txt'), 'utf8'), (await fsp.stat(at('p.txt'))).size, await fsp.access(at('none')).catch((e) => e.code)]
found.called = await new Promise((resolve) => { fs.readFile(at('p.txt'), 'utf8', (error, text) => fs.readFile(at('none'), (later) => resolve([error, text, later.code]))) })
fs.writeFileSync(at('large'), new Uint8Array(20_000_000).fill(7))
found.large = [fs.readFileSync(at('large')).length, fs.readFileSync(at('large')).at(-1)]
fs.rmSync(at('large'))
found.left = fs.readdirSync(home)
export default JSON.stringify(found)
"#;

fn with(mount: Mount) -> Session {
    jar("javascript").with_grants(Grants::default().mount(mount)).session().unwrap()
}

#[track_caller]
fn run(session: &Session, code: &str) -> Outcome {
    let outcome = session.run_blocking(Request::new(format!("{HEAD}{code}")).name("main.mjs")).unwrap();
    assert_eq!(outcome.ended, Ended::Completed, "{code}: {:#?}", outcome.error);
    outcome
}

#[track_caller]
fn gives(session: &Session, value: &str) -> String {
    repr(&run(session, &format!("export default {value}"))).to_owned()
}

fn everyday(session: &Session, home: &str) -> String {
    repr(&run(session, &EVERYDAY.replace("HOME", &format!("{home:?}")))).to_owned()
}

#[test]
fn everyday_work_is_the_same_in_memory_and_in_mounts() {
    let limits = Limits { memory_bytes: 256 * MIB, ..Limits::default() };
    let jar = jar_with("javascript", limits);
    let in_memory = everyday(&jar.session().unwrap(), "/tmp");
    // What Node says to the same program, but for the names of errors in two places where it has names of its own.
    let expected = r#"{"text":"one\ntwo\nthree é\n","bytes":[17,true],"exclusive":"EEXIST","hex":[true,"6f6e650a74776f0a746872656520c3a90a"],"base64":[true,"b25lCnR3bwp0aHJlZSDDqQo="],"base64url":[true,"b25lCnR3bwp0aHJlZSDDqQo"],"latin1":[true,"one\ntwo\nthree Ã©\n"],"made":[true,null],"listed":[["1.txt","b"],["1.txt","b","b/2.txt","b/c","b/c/3.txt"]],"types":[["1.txt",true,false,"a"],["b",false,true,"a"]],"stat":[9,true,false,true,true],"missing":[false,true,null],"moved":[["2.txt","c"],"a/b/c/3.txt","EEXIST"],"link":["moved/c",true,true,"moved/c/3.txt"],"cut":"one","refused":["ERR_FS_EISDIR","ENOTEMPTY","EISDIR","ENOENT","done","EEXIST","EISDIR","ENOTDIR","ENOTDIR","ENOENT","ENOENT","EEXIST"],"promised":["hi",2,"ENOENT"],"called":[null,"hi","ENOENT"],"large":[20000000,7],"left":["a","a.b64","a.hex","a.latin1","a.url","copy.txt","notes.txt","p.txt"]}"#;
    assert_eq!(in_memory, format!("'{}'", expected.replace('\\', "\\\\")));

    let (written, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let with = |mount| jar.clone().with_grants(Grants::default().mount(mount)).session().unwrap();
    assert_eq!(everyday(&with(Mount::read_write(written.path(), "/data")), "/data"), in_memory);
    let session = with(Mount::copy_on_write(kept.path(), "/data"));
    assert_eq!(everyday(&session, "/data"), in_memory);
    assert_eq!(fs::read_dir(kept.path()).unwrap().count(), 0);
    assert_eq!(session.apply(&Selection::All).unwrap().refused, []);
    assert_eq!(session.changes().unwrap(), []);
    for name in ["a/1.txt", "notes.txt", "copy.txt", "p.txt"] {
        assert_eq!(fs::read(kept.path().join(name)).unwrap(), fs::read(written.path().join(name)).unwrap());
    }
}

#[test]
fn changes_of_a_mount_are_told_shown_and_applied() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("a.txt"), "a\n").unwrap();
    let session = with(Mount::copy_on_write(place.path(), "/work"));
    let outcome = run(
        &session,
        "fs.appendFileSync('a.txt', 'more\\n'); fs.writeFileSync('new.txt', 'x'); fs.writeFileSync('/output/plot.svg', '<svg/>')",
    );
    let told: Vec<_> = outcome.changes.iter().map(|change| (&*change.path, change.kind)).collect();
    assert_eq!(told, [("/work/a.txt", ChangeKind::Changed), ("/work/new.txt", ChangeKind::Added)]);
    assert_eq!(
        outcome.files.iter().map(|file| (&*file.path, file.size_bytes)).collect::<Vec<_>>(),
        [("plot.svg", 6)]
    );
    assert_eq!(
        session.diff("/work/a.txt").unwrap(),
        "--- a/work/a.txt\n+++ b/work/a.txt\n@@ -1 +1,2 @@\n a\n+more\n"
    );
    assert_eq!(fs::read_to_string(place.path().join("a.txt")).unwrap(), "a\n");
    assert_eq!(session.apply(&Selection::paths(["/work/a.txt"])).unwrap().refused, []);
    assert_eq!(fs::read_to_string(place.path().join("a.txt")).unwrap(), "a\nmore\n");
    assert!(!place.path().join("new.txt").exists());
    let saved = session.save_output(place.path()).unwrap();
    assert_eq!((saved.applied.len(), saved.refused.len()), (1, 0));
    assert_eq!(session.read_file("/work/new.txt").unwrap(), b"x");
}

#[test]
fn errors_are_nodes_with_a_hint_where_there_is_one() {
    let session = jar("javascript").session().unwrap();
    let told = |act: &str| {
        let code = format!(
            "try {{ {act} }} catch (e) {{ console.log([e.name, e.code, e.errno, e.syscall, e.path, e.dest, e.message].join('|')) }}"
        );
        run(&session, &code).stdout.to_string()
    };
    assert_eq!(
        told("fs.readFileSync('none.txt')"),
        "Error|ENOENT|-2|open|none.txt||ENOENT: no such file or directory, open 'none.txt'\n"
    );
    assert_eq!(
        told("fs.renameSync('/tmp/a', '/tmp/b')"),
        "Error|ENOENT|-2|rename|/tmp/a|/tmp/b|ENOENT: no such file or directory, rename '/tmp/a' -> '/tmp/b'\n"
    );
    assert_eq!(
        told("fs.writeFileSync('/etc/x', '')"),
        "Error|ENOENT|-2|open|/etc/x||ENOENT: no such file or directory, open '/etc/x'\n"
    );
    assert_eq!(
        told("fs.mkdirSync('/data')"),
        "Error|EROFS|-30|mkdir|/data||EROFS: read-only file system, mkdir '/data' (files can be changed in /tmp, /work, /output and in mounts that are rw or cow)\n"
    );
    assert!(told("fs.readFileSync({})").starts_with("TypeError|ERR_INVALID_ARG_TYPE|"));
    assert!(told("fs.readFileSync('a\\0b')").starts_with("TypeError|ERR_INVALID_ARG_VALUE|"));
    assert!(
        told("fs.readFileSync('a', 'utf9')").contains("there are utf8, latin1, base64, base64url and hex")
    );
    assert!(told("fs.writeFileSync('a', 5)").starts_with("TypeError|ERR_INVALID_ARG_TYPE|"));
    assert!(
        told("fs.createReadStream('a')")
            .contains("fs.createReadStream is not there in this sandbox: files are read and written whole")
    );
    assert!(told("fs.readFile('a')").contains("\"cb\" argument must be a function"));
}

#[test]
fn paths_are_those_of_node() {
    let session = jar("javascript").session().unwrap();
    for (code, expected) in [
        (
            "['', '.', './', '/', '//a//b/../c/', 'a/../..', '../a', '/..', 'a/./b/'].map(path.normalize)",
            "[\n  '.',     '.',  './',\n  '/',     '/a/c/', '..',\n  '../a',  '/',   'a/b/'\n]",
        ),
        (
            "[path.join(), path.join('a', '..', '..'), path.join('/a', '/b', 'c/'), path.join('a', ''), path.resolve('a', '/b', '../c'), path.resolve('x')].join()",
            "'.,..,/a/b/c/,a,/c,/work/x'",
        ),
        ("['/a/b', '/a/', '/', 'a', '', '/a', 'a//b//'].map(path.dirname).join()", "'/a,/,/,.,.,/,a/'"),
        (
            "['/a/b.txt', '/a/', '/', '', 'a//'].map((p) => path.basename(p)).join() + path.basename('/x/a.html', '.html') + path.basename('.js', '.js')",
            "'b.txt,a,,,aa'",
        ),
        (
            "['a.b.c', '.bashrc', 'a.', 'a', '..', '/a.b/c', 'x.tar.gz/'].map(path.extname).join()",
            "'.c,,.,,,,.gz'",
        ),
        (
            "[path.relative('/a/b/c', '/a/d'), path.relative('/a', '/a'), path.relative('/a/b', '/a/b/c/d'), path.isAbsolute('a'), path.isAbsolute('/a')].join()",
            "'../../d,,c/d,false,true'",
        ),
        (
            "JSON.stringify([path.parse('/srv/u/file.txt'), path.parse('./a/b'), path.parse('x'), path.format({ dir: '/a', name: 'b', ext: '.c' }), path.format({ root: '/', base: 'x' })])",
            "'[{\"root\":\"/\",\"dir\":\"/srv/u\",\"base\":\"file.txt\",\"ext\":\".txt\",\"name\":\"file\"},{\"root\":\"\",\"dir\":\"./a\",\"base\":\"b\",\"ext\":\"\",\"name\":\"b\"},{\"root\":\"\",\"dir\":\"\",\"base\":\"x\",\"ext\":\"\",\"name\":\"x\"},\"/a/b.c\",\"/x\"]'",
        ),
        ("[path.posix === path, path.sep, path.delimiter, process.cwd()].join()", "'true,/,:,/work'"),
    ] {
        let joined = gives(&session, code);
        assert_eq!(
            joined.split_whitespace().collect::<String>(),
            expected.split_whitespace().collect::<String>(),
            "{code}"
        );
    }
}

#[test]
fn standard_input_and_output_are_files_too() {
    let request = Request::new(
        "const fs = require('fs'); const text = fs.readFileSync(0, 'utf8'); fs.writeFileSync(1, text.toUpperCase()); fs.writeFileSync(2, 'err'); text.length",
    );
    let outcome = jar("javascript").run_blocking(request.stdin(&b"some\nlines"[..])).unwrap();
    assert_eq!(
        (repr(&outcome), outcome.stdout.to_string().as_str(), outcome.stderr.to_string().as_str()),
        ("10", "SOME\nLINES", "err")
    );
}

/// Links of a mount are one file under two names, and one module.
#[test]
fn a_linked_package_is_the_package() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir_all(place.path().join("store/a")).unwrap();
    fs::create_dir(place.path().join("node_modules")).unwrap();
    fs::write(place.path().join("store/a/index.js"), "exports.name = __filename").unwrap();
    symlink("../store/a", place.path().join("node_modules/a")).unwrap();
    let session = with(Mount::read_only(place.path(), "/work"));
    assert_eq!(
        gives(
            &session,
            "[(await import('a')).name, (await import('./store/a/index.js')) === (await import('a'))]"
        ),
        "[ '/work/store/a/index.js', true ]"
    );
}
