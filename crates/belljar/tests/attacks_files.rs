//! Rows 52 to 64 of `docs/attacks.md`: files, and directories of the host. Each test asserts the refusal itself, from code in Python.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use crate::common::{jar, jar_with, repr};
use crate::place::Place;
use belljar::{
    Applied, ChangeKind, Ended, Error, Grants, Limits, Mount, MountFault, Outcome, Selection, Session,
};

/// What every program begins with: `attempt` says which error an act ends with.
const HEAD: &str = "import os, errno\n\
    def attempt(act):\n  try: return act() or 'done'\n  except OSError as error: return errno.errorcode.get(error.errno, error.errno)\n";

fn place() -> Place {
    Place::new("python", ("secret", "secret"))
}

#[track_caller]
fn run(session: &Session, code: &str) -> Outcome {
    let outcome = session.run_blocking(format!("{HEAD}{code}")).unwrap();
    assert_eq!(outcome.ended, Ended::Completed, "{code}: {:?}", outcome.error);
    outcome
}

#[track_caller]
fn gives(session: &Session, code: &str) -> String {
    repr(&run(session, code)).to_owned()
}

#[track_caller]
fn refused(applied: &Applied, path: &str) -> String {
    let refused = applied.refused.iter().find(|refused| refused.path == path);
    refused.unwrap_or_else(|| panic!("{path} is not refused: {applied:?}")).reason.clone()
}

/// Row 52.
#[test]
fn no_spelling_of_a_path_leads_out() {
    let place = place();
    let code = "[attempt(lambda: open(path).read()) for path in [\n\
        '/work/src/../../../etc/passwd', '/work/src/../../outside/secret', '../outside/secret', '/work/src/..//../../outside/secret', \
        '/work/src/%2e%2e/outside/secret', '/work/src/\\u2025/outside/secret', '/work/src/\\uff0e\\uff0e/outside/secret', \
        '/etc/passwd', '/proc/self/environ', 'C:\\\\secret', '\\\\\\\\?\\\\secret', '/work/src/A.TXT', '/work/src/CON']]";
    for session in place.all() {
        assert_eq!(gives(&session, code), format!("[{}]", vec!["'ENOENT'"; 13].join(", ")));
        assert_eq!(gives(&session, "attempt(lambda: open('/work/src/a.txt/'))"), "'ENOTDIR'");
        assert_eq!(gives(&session, "open('/work/../work/src/./sub/../a.txt').read()"), "'a on the host\\n'");
        let nul = "try:\n  open('/work/src/a.txt\\0')\nexcept ValueError as error:\n  print(error)";
        assert_eq!(run(&session, nul).stdout, "embedded null byte\n");
    }
    place.outside_is_untouched();
}

/// Row 53.
#[test]
fn links_never_lead_out_of_their_mount() {
    let place = place();
    symlink(&place.outside, place.inside.join("absolute")).unwrap();
    symlink("../outside", place.inside.join("escape")).unwrap();
    symlink("escape/secret", place.inside.join("chain")).unwrap();
    symlink("sub/../../outside", place.inside.join("detour")).unwrap();
    symlink("sub/b.txt", place.inside.join("within")).unwrap();
    for session in place.all() {
        let code = "[attempt(lambda: open('/work/src/' + path).read()) for path in ['absolute/secret', 'escape/secret', 'chain', 'detour/secret']]";
        assert_eq!(gives(&session, code), format!("[{}]", ["'ENOTCAPABLE'"; 4].join(", ")));
        assert_eq!(gives(&session, "open('/work/src/within').read()"), "'b on the host\\n'");
        assert_eq!(
            gives(&session, "os.readlink('/work/src/escape'), os.path.islink('/work/src/chain')"),
            "('../outside', True)"
        );
        // The error is one that Python knows as a refusal.
        let kind = "try:\n  os.listdir('/work/src/escape')\nexcept PermissionError as error:\n  print(error)";
        assert!(run(&session, kind).stdout.to_string().contains("/work/src/escape"));
    }
    for session in [place.rw(), place.cow()] {
        let code = "[attempt(lambda: os.symlink(target, '/work/src/made')) for target in ['/etc/passwd', '../outside', '..', 'sub/../../outside']]";
        assert_eq!(gives(&session, code), format!("[{}]", ["'ENOTCAPABLE'"; 4].join(", ")));
        assert_eq!(
            gives(
                &session,
                "attempt(lambda: os.symlink('a.txt', '/work/src/made')), open('/work/src/made').read(), os.unlink('/work/src/made')"
            ),
            "('done', 'a on the host\\n', None)"
        );
    }
    place.outside_is_untouched();
}

/// Row 54.
#[test]
fn hard_links_are_not_made_and_not_written_through() {
    let place = place();
    fs::hard_link(place.outside.join("secret"), place.inside.join("linked")).unwrap();
    for session in place.all() {
        let code = "attempt(lambda: os.link('/work/src/a.txt', '/work/src/other'))";
        assert!(["'EPERM'", "'EROFS'"].contains(&gives(&session, code).as_str()));
    }
    let code = "[attempt(lambda: open('/work/src/linked', mode)) for mode in ['w', 'a', 'r+']]";
    assert_eq!(gives(&place.rw(), code), "['EMLINK', 'EMLINK', 'EMLINK']");
    let session = place.cow();
    run(&session, "open('/work/src/linked', 'w').write('mine')");
    assert_eq!(session.apply(&Selection::All).unwrap().refused, []);
    assert_eq!(place.read("linked"), "mine");
    place.outside_is_untouched();
}

/// Row 55: another process swaps a directory for a link while code walks through it.
#[test]
fn a_directory_that_is_swapped_meanwhile_never_leads_out() {
    let place = place();
    fs::create_dir(place.inside.join("swap")).unwrap();
    fs::write(place.inside.join("swap/secret"), "inside").unwrap();
    place.while_swapped(|| {
        for session in [place.rw(), place.cow()] {
            // On a busy machine whoever swaps may have no turn for a while.
            let code = "seen, n = set(), 0\n\
                while n < 3000 or 'inside' not in seen and n < 60000:\n  n += 1\n  seen.add(attempt(lambda: open('/work/src/swap/secret').read()))\n  \
                attempt(lambda: open(f'/work/src/swap/{n % 9}', 'w').write('x') and None)\n\
                'secret' in seen, 'inside' in seen";
            let seen = gives(&session, code);
            session.apply(&Selection::All).unwrap();
            assert_eq!(seen, "(False, True)");
        }
    });
    place.outside_is_untouched();
}

/// Row 56.
#[test]
fn renames_stay_in_their_mount() {
    let place = place();
    for session in [place.rw(), place.cow()] {
        let code = "open('/work/mine', 'w').close()\n[attempt(lambda: os.rename(a, b)) for a, b in [\n\
            ('/work/src/a.txt', '/work/a.txt'), ('/work/mine', '/work/src/mine'), ('/work/src', '/work/moved'), ('/work/src/sub', '/work/src/sub/deep/x')]]";
        assert_eq!(gives(&session, code), "['EXDEV', 'EXDEV', 'EBUSY', 'EINVAL']");
        assert_eq!(gives(&session, "attempt(lambda: os.rmdir('/work/src'))"), "'EBUSY'");
        // What Python does about it works.
        let code = "import shutil\nshutil.move('/work/mine', '/work/src/mine')\nshutil.copytree('/work/src/sub', '/work/copy')\nsorted(os.listdir('/work/src')), os.listdir('/work/copy')";
        assert_eq!(gives(&session, code), "(['a.txt', 'mine', 'sub'], ['b.txt', 'deep'])");
        run(&session, "os.unlink('/work/src/mine')");
    }
}

/// Row 57.
#[test]
fn the_disk_is_not_filled() {
    let place = place();
    let mount = Mount::read_write(&place.inside, "/work/src").bytes_max(100_000).files_max(20);
    let session = place.session(mount);
    let code = "f = open('/work/src/large', 'wb', buffering=0)\nf.write(b'x' * 90_000)\n\
        [attempt(act) for act in [lambda: f.write(b'x' * 20_000), lambda: f.truncate(1 << 40), lambda: os.pwrite(f.fileno(), b'x', 1 << 40)]]";
    assert_eq!(gives(&session, code), "['ENOSPC', 'ENOSPC', 'ENOSPC']");
    let code = "made = 0\ntry:\n  while True:\n    open(f'/work/src/{made}', 'w').close()\n    made += 1\nexcept OSError as error:\n  print(made, errno.errorcode[error.errno])";
    assert_eq!(run(&session, code).stdout, "19 ENOSPC\n");
    assert_eq!(gives(&session, "attempt(lambda: os.mkdir('/work/src/d'))"), "'ENOSPC'");
    let bytes: u64 = fs::read_dir(&place.inside)
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().blocks() * 512)
        .sum();
    assert!(bytes < 300_000, "{bytes} bytes on disk");

    // In memory, and in a mount whose changes are kept there, the session's own limits hold.
    let limits = Limits { files_bytes: 100_000, files_count: 20, files_depth: 6, ..Limits::default() };
    let grants = Grants::default().mount(Mount::copy_on_write(&place.inside, "/data"));
    let session = jar_with("python", limits).with_grants(grants).session().unwrap();
    for folder in ["/data", "/tmp"] {
        let code = format!(
            "f = open('{folder}/f', 'wb', buffering=0)\n\
             [attempt(lambda: f.truncate(1 << 40)), attempt(lambda: f.truncate(100_001)), attempt(lambda: os.mkdir('{folder}/' + 'n' * 256)), \
             attempt(lambda: os.makedirs('{folder}' + '/d' * 9)), attempt(lambda: [os.mkdir(f'{folder}/n{{n}}') for n in range(20)])]"
        );
        assert_eq!(gives(&session, &code), "['EFBIG', 'ENOSPC', 'ENAMETOOLONG', 'ENOSPC', 'ENOSPC']");
        run(
            &session,
            &format!(
                "f.close()\nimport shutil\nfor name in os.listdir('{folder}'):\n  path = f'{folder}/{{name}}'\n  if name in ('sub', 'a.txt', 'large') or name.isdigit() and os.path.isfile(path): continue\n  shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)"
            ),
        );
    }
}

/// Row 58.
#[test]
fn few_files_are_open_at_once() {
    let place = place();
    let open_now = || fs::read_dir("/proc/self/fd").unwrap().count();
    let code = "held = []\ntry:\n  while True: held.append(open('/work/src/a.txt'))\nexcept OSError as error:\n  print(len(held), errno.errorcode[error.errno])";
    for session in place.all() {
        let before = open_now();
        assert_eq!(run(&session, code).stdout, "64 EMFILE\n");
        // Other tests of this process open files meanwhile.
        assert!(open_now() < before + 64 + 100);
        let memory = code.replace("held = []", "held.clear()").replace("/work/src/a.txt", "/dev/null");
        assert_eq!(run(&session, &memory).stdout, "128 EMFILE\n");
    }
}

/// Row 59.
#[test]
fn special_files_are_not_opened() {
    let place = place();
    let fifo = rustix::fs::FileType::Fifo;
    let mode = rustix::fs::Mode::from_raw_mode(0o666);
    rustix::fs::mknodat(rustix::fs::CWD, place.inside.join("pipe"), fifo, mode, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(place.inside.join("socket")).unwrap();
    for session in place.all() {
        let code = "[attempt(lambda: open(f'/work/src/{name}', 'rb', buffering=0)) for name in ['pipe', 'socket']], os.path.isfile('/work/src/pipe')";
        assert_eq!(gives(&session, code), "(['ENXIO', 'ENXIO'], False)");
    }
    let proc = place.session(Mount::read_only("/proc/self", "/data"));
    let code = "[attempt(lambda: open(path).read()) for path in ['/data/root/etc/passwd', '/data/cwd/Cargo.toml', '/data/exe', '/data/fd/0']]";
    let opened = gives(&proc, code);
    assert!(!opened.contains("root:") && opened.matches("'E").count() == 4, "{opened}");
}

/// Row 60.
#[test]
fn modes_and_protected_names_are_left_alone() {
    let place = place();
    fs::create_dir_all(place.inside.join(".git/hooks")).unwrap();
    fs::write(place.inside.join(".env"), "KEY=1").unwrap();
    let names = ".git/hooks/pre-commit .git/config .bashrc .profile .ssh .env sub/.Env.local .vscode/tasks.json .npmrc";
    let code = format!(
        "os.symlink('.git', '/work/src/way')\n[attempt(lambda: open(f'/work/src/{{name}}', 'w')) for name in '{names} way/config'.split()] + \
         [attempt(lambda: os.rename('/work/src/sub', '/work/src/.ssh')), attempt(lambda: os.mkdir('/work/src/.git/x')), attempt(lambda: os.unlink('/work/src/.env'))]"
    );
    let session = place.rw();
    let gave = gives(&session, &code);
    assert_eq!(gave.matches("'EACCES'").count() + gave.matches("'ENOENT'").count(), 13, "{gave}");
    assert!(gave.matches("'EACCES'").count() >= 12, "{gave}");
    let code = "import stat\nopen('/work/src/tool', 'w').close()\nos.mkdir('/work/src/dir')\n[attempt(lambda: os.chmod('/work/src/tool', 0o6777)) != 'done' or 'told done']";
    run(&session, code);
    let mode = |name: &str| fs::metadata(place.inside.join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("tool") & !0o644, 0);
    assert_eq!(mode("dir") & !0o755, 0);

    let session = place.cow();
    run(
        &session,
        "open('/work/src/.git/hooks/pre-commit', 'w').write('evil')\nopen('/work/src/.env', 'w').write('evil')",
    );
    let applied = session.apply(&Selection::All).unwrap();
    assert!(refused(&applied, "/work/src/.git/hooks/pre-commit").contains("protected"));
    assert!(refused(&applied, "/work/src/.env").contains("protected"));
    assert_eq!(place.read(".env"), "KEY=1");
}

/// Row 61.
#[test]
fn changes_are_explicit_and_checked_again_when_they_are_applied() {
    let place = place();
    let session = place.cow();
    let code = "import shutil\nopen('/work/src/a.txt', 'a').write('and more\\n')\nshutil.rmtree('/work/src/sub')\nos.mkdir('/work/src/sub')\nopen('/work/src/sub/n', 'w').write('n')";
    let outcome = run(&session, code);
    let told: Vec<_> =
        outcome.changes.iter().map(|change| (&*change.path, change.kind, change.size_bytes)).collect();
    assert_eq!(
        told,
        [
            ("/work/src/a.txt", ChangeKind::Changed, 23),
            ("/work/src/sub/b.txt", ChangeKind::Deleted, 14),
            ("/work/src/sub/deep", ChangeKind::Deleted, 0),
            ("/work/src/sub/n", ChangeKind::Added, 1),
        ]
    );
    assert_eq!(
        session.diff("/work/src/a.txt").unwrap(),
        "--- a/work/src/a.txt\n+++ b/work/src/a.txt\n@@ -1 +1,2 @@\n a on the host\n+and more\n"
    );
    assert_eq!(place.read("a.txt"), "a on the host\n");
    fs::write(place.inside.join("a.txt"), "theirs\n").unwrap();
    fs::write(place.inside.join("sub/deep/late"), "late").unwrap();
    let applied = session.apply(&Selection::All).unwrap();
    assert_eq!(refused(&applied, "/work/src/a.txt"), "it was changed on the host meanwhile");
    assert_eq!(refused(&applied, "/work/src/sub/deep"), "the directory is not empty on the host");
    assert_eq!((place.read("a.txt"), place.read("sub/deep/late")), ("theirs\n".into(), "late".into()));
    assert!(!place.inside.join("sub/b.txt").exists());
    assert_eq!(place.read("sub/n"), "n");
    assert_eq!(session.changes().unwrap().len(), 2);
}

/// Row 62, where names are shown; and row 63, where files are brought out.
#[test]
fn odd_names_are_escaped_and_nothing_is_saved_elsewhere() {
    let place = place();
    let session = place.cow();
    run(&session, "open('/work/src/x\\n+++ b\\u202e', 'w').write('1\\n')");
    let diff = session.diff("/").unwrap();
    assert_eq!(diff.lines().nth(1), Some("+++ \"b/work/src/x\\u{a}+++ b\\u{202e}\""));
    assert_eq!(diff.lines().count(), 4);
}

/// Row 63.
#[test]
fn output_is_saved_under_its_own_names_and_replaces_nothing() {
    let place = place();
    symlink(&place.outside, place.inside.join("plots")).unwrap();
    let session = jar("python").session().unwrap();
    let code = "os.makedirs('/output/plots')\nos.makedirs('/output/sub')\n\
        for name in ['a.txt', 'plots/evil', 'sub/new', '.bashrc']: open('/output/' + name, 'w').write('out')\n\
        os.symlink('/etc/passwd', '/output/link')\n\
        [attempt(lambda: open('/output/' + name, 'w')) for name in ['../../escape', '..']]";
    let outcome = run(&session, code);
    assert_eq!(repr(&outcome), "['ENOENT', 'EISDIR']".replace("'ENOENT'", "'EROFS'"));
    let listed: Vec<_> = outcome.files.iter().map(|file| &*file.path).collect();
    assert_eq!(listed, [".bashrc", "a.txt", "plots/evil", "sub/new"]);
    let saved = session.save_output(&place.inside).unwrap();
    assert_eq!(saved.applied.len(), 1);
    assert_eq!(place.read("sub/new"), "out");
    assert_eq!(refused(&saved, "a.txt"), "it exists already");
    assert!(refused(&saved, ".bashrc").contains("protected"));
    assert!(!refused(&saved, "plots/evil").is_empty());
    place.outside_is_untouched();
}

/// Row 64.
#[test]
fn files_of_the_host_are_not_mapped_and_not_locked() {
    let place = place();
    for session in [place.rw(), place.cow()] {
        let code = "def have(name):\n  try: return __import__(name)\n  except ImportError: return None\n\
            fcntl, mmap = have('fcntl'), have('mmap')\nf = open('/work/src/a.txt', 'r+')\n\
            [fcntl is None or not hasattr(fcntl, 'flock') or attempt(lambda: fcntl.flock(f, fcntl.LOCK_EX)) != 'done', \
            mmap is None or attempt(lambda: mmap.mmap(f.fileno(), 0)) != 'done']";
        assert_eq!(gives(&session, code), "[True, True]");
    }
    let file = fs::File::open(place.inside.join("a.txt")).unwrap();
    assert!(file.try_lock().is_ok());
}

/// Whatever is wrong with a mount is said before anything runs, and the jar is as usable as before.
#[test]
fn mounts_that_cannot_be_are_refused_by_name() {
    let place = place();
    let fault = |mounts: Vec<Mount>| {
        let grants = mounts.into_iter().fold(Grants::default(), Grants::mount);
        match jar("python").with_grants(grants).session() {
            Err(Error::Mount { fault, .. }) => fault,
            other => panic!("{other:?}"),
        }
    };
    let at = |destination: &str| Mount::read_only(&place.inside, destination);
    assert_eq!(fault(vec![Mount::read_only(place.inside.join("none"), "/data")]), MountFault::Missing);
    assert_eq!(fault(vec![Mount::read_only(place.inside.join("a.txt"), "/data")]), MountFault::NotDirectory);
    assert_eq!(fault(vec![at("data")]), MountFault::Relative);
    assert_eq!(fault(vec![at("/data/../x")]), MountFault::NotPlain);
    assert_eq!(fault(vec![at("/dev/x")]), MountFault::Taken);
    assert_eq!(fault(vec![at("/usr")]), MountFault::Taken);
    assert!(matches!(fault(vec![at("/data"), at("/data")]), MountFault::Overlaps { .. }));
    assert!(matches!(fault(vec![at("/data"), at("/data/x")]), MountFault::Overlaps { .. }));
    let inner = Mount::read_write(place.inside.join("sub"), "/b");
    assert!(matches!(fault(vec![at("/a"), inner]), MountFault::SourceOverlaps { .. }));
}

/// What a session changed is there after a limit has ended it.
#[test]
fn changes_outlive_a_session_that_was_stopped() {
    let place = place();
    let grants = Grants::default().mount(Mount::copy_on_write(&place.inside, "/work/src"));
    let limits = Limits { time_ms: 300, cpu_ms: 300, ..Limits::default() };
    let session = jar_with("python", limits).with_grants(grants).session().unwrap();
    let outcome = session.run_blocking("open('/work/src/new', 'w').write('x')\n9**9**9").unwrap();
    assert_eq!(outcome.ended, Ended::TimeLimit);
    assert_eq!(outcome.changes.len(), 1);
    assert_eq!(session.read_file("/work/src/new").unwrap(), b"x");
    assert_eq!(session.apply(&Selection::paths(["/work/src/new"])).unwrap().refused, []);
    assert_eq!(place.read("new"), "x");
}
