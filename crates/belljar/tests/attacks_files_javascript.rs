//! Rows 52 to 64, 87 and 90 of `docs/attacks.md`: files, directories of the host and packages. Each test asserts the refusal itself, from code in
//! JavaScript.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use crate::common::{jar_with, repr};
use crate::place::Place;
use belljar::{Ended, Grants, Limits, MIB, Mount, Outcome, Request, Selection, Session};

/// What every program begins with: `attempt` says which error an act ends with.
const HEAD: &str = "const fs = require('fs'); const attempt = (act) => { try { return act() ?? 'done' } catch (e) { return e.code ?? `${e}` } };\n";

fn place() -> Place {
    Place::new("javascript", ("secret.js", "module.exports = 'secret'"))
}

#[track_caller]
fn run(session: &Session, code: &str) -> Outcome {
    let outcome = session.run_blocking(format!("{{{HEAD}{code}}}")).unwrap();
    assert_eq!(outcome.ended, Ended::Completed, "{code}: {:?}", outcome.error);
    outcome
}

/// The value of an expression, which may await, as JSON.
#[track_caller]
fn gives(session: &Session, expression: &str) -> String {
    let outcome = run(session, &format!("JSON.stringify({expression})"));
    let shown = repr(&outcome);
    shown[1..shown.len() - 1].replace("\\'", "'")
}

fn all_of(code: &str, count: usize) -> String {
    format!("[{}]", vec![format!("\"{code}\""); count].join(","))
}

/// Row 52.
#[test]
fn no_spelling_of_a_path_leads_out() {
    let place = place();
    let paths = "['/work/src/../../../etc/passwd', '/work/src/../../outside/secret.js', '../outside/secret.js', '/work/src/..//../../outside/secret.js', \
        '/work/src/%2e%2e/outside/secret.js', '/work/src/\\u2025/outside/secret.js', '/etc/passwd', '/proc/self/environ', 'C:\\\\secret', '/work/src/A.TXT', '/work/src/CON']";
    for session in place.all() {
        assert_eq!(
            gives(&session, &format!("{paths}.map((path) => attempt(() => fs.readFileSync(path, 'utf8')))")),
            all_of("ENOENT", 11)
        );
        assert_eq!(
            gives(
                &session,
                &format!(
                    "{paths}.map((path) => attempt(() => require(path.startsWith('.') ? path : path.replace(/^C:/, '/C:'))))"
                )
            ),
            all_of("MODULE_NOT_FOUND", 11)
        );
        let imports = "await Promise.all(['/work/src/../../../etc/passwd', './src/../../outside/secret.js', './src/%2e%2e/%2e%2e/outside/secret.js', 'file:///etc/passwd', 'file:///work/src/%2e%2e/x', '/proc/self/environ'].map((path) => import(path).catch((e) => e.code)))";
        assert_eq!(gives(&session, imports), all_of("ERR_MODULE_NOT_FOUND", 6));
        assert_eq!(
            gives(
                &session,
                "[attempt(() => fs.readFileSync('/work/src/a.txt/')), attempt(() => fs.readFileSync('/work/src/a.txt\\0')), attempt(() => fs.readFileSync('x'.repeat(5000))), attempt(() => fs.readFileSync('x'.repeat(300))), attempt(() => fs.readFileSync('\\ud800'))]"
            ),
            r#"["ENOTDIR","ERR_INVALID_ARG_VALUE","ENAMETOOLONG","ENAMETOOLONG","EILSEQ"]"#
        );
        assert_eq!(
            gives(&session, "fs.readFileSync('/work/../work/src/./sub/../a.txt', 'utf8')"),
            r#""a on the host\\n""#
        );
    }
    place.outside_is_untouched();
}

/// Row 53.
#[test]
fn links_never_lead_out_of_their_mount() {
    let place = place();
    symlink(&place.outside, place.inside.join("absolute")).unwrap();
    symlink("../outside", place.inside.join("escape")).unwrap();
    symlink("escape/secret.js", place.inside.join("chain.js")).unwrap();
    symlink("sub/b.txt", place.inside.join("within")).unwrap();
    fs::create_dir(place.inside.join("node_modules")).unwrap();
    symlink("../../outside", place.inside.join("node_modules/evil")).unwrap();
    for session in place.all() {
        let names = "['absolute/secret.js', 'escape/secret.js', 'chain.js', 'node_modules/evil/secret.js']";
        assert_eq!(
            gives(
                &session,
                &format!("{names}.map((name) => attempt(() => fs.readFileSync('/work/src/' + name)))")
            ),
            all_of("EACCES", 4)
        );
        assert_eq!(
            gives(&session, &format!("{names}.map((name) => attempt(() => require('/work/src/' + name)))")),
            all_of("MODULE_NOT_FOUND", 4)
        );
        assert_eq!(
            gives(
                &session,
                &format!(
                    "await Promise.all({names}.map((name) => import('/work/src/' + name).catch((e) => e.code)))"
                )
            ),
            all_of("ERR_MODULE_NOT_FOUND", 4)
        );
        assert_eq!(
            gives(
                &session,
                "[attempt(() => require('node:module').createRequire('/work/src/x.js')('evil')), fs.readFileSync('/work/src/within', 'utf8')]"
            ),
            r#"["ERR_MODULE_NOT_FOUND","b on the host\\n"]"#
        );
        assert!(
            run(&session, "try { fs.readdirSync('/work/src/escape') } catch (e) { console.log(e.message) }")
                .stdout
                .to_string()
                .contains("it leads out of the mounted directory")
        );
    }
    for session in [place.rw(), place.cow()] {
        assert_eq!(
            gives(
                &session,
                "['/etc/passwd', '../outside', '..', 'sub/../../outside'].map((target) => attempt(() => fs.symlinkSync(target, '/work/src/made')))"
            ),
            all_of("EACCES", 4)
        );
    }
    place.outside_is_untouched();
}

/// Row 54.
#[test]
fn hard_links_are_not_made_and_not_written_through() {
    let place = place();
    fs::hard_link(place.outside.join("secret.js"), place.inside.join("linked")).unwrap();
    for session in place.all() {
        assert_eq!(
            gives(&session, "attempt(() => fs.linkSync('/work/src/a.txt', '/work/src/other'))"),
            r#""ERR_METHOD_NOT_IMPLEMENTED""#
        );
    }
    assert_eq!(
        gives(
            &place.rw(),
            "[attempt(() => fs.writeFileSync('/work/src/linked', 'x')), attempt(() => fs.appendFileSync('/work/src/linked', 'x')), attempt(() => fs.truncateSync('/work/src/linked'))]"
        ),
        all_of("EMLINK", 3)
    );
    place.outside_is_untouched();
}

/// Row 55: another process swaps a directory for a link while code walks through it.
#[test]
fn a_directory_that_is_swapped_meanwhile_never_leads_out() {
    let place = place();
    fs::create_dir(place.inside.join("swap")).unwrap();
    fs::write(place.inside.join("swap/secret.js"), "module.exports = 'inside'").unwrap();
    place.while_swapped(|| {
        for session in [place.rw(), place.cow()] {
            let code = "const seen = new Set(); for (let n = 0; n < 2000 || ![...seen].join().includes('inside'); n++) {\n\
                seen.add(attempt(() => fs.readFileSync('/work/src/swap/secret.js', 'utf8'))); attempt(() => fs.writeFileSync(`/work/src/swap/${n % 9}`, 'x'));\n\
                seen.add(attempt(() => { delete require.cache['/work/src/swap/secret.js']; return require('/work/src/swap/secret.js') })) }\n\
                const all = [...seen].join(); console.log(all.includes(\"'secret'\") || seen.has('secret'), all.includes('inside'))";
            let outcome = session.run_blocking(format!("{{{HEAD}{code}}}")).unwrap();
            session.apply(&Selection::All).unwrap();
            assert_eq!(outcome.stdout, "false true\n");
        }
    });
    place.outside_is_untouched();
}

/// Row 56.
#[test]
fn renames_stay_in_their_mount() {
    let place = place();
    for session in [place.rw(), place.cow()] {
        let code = "(fs.writeFileSync('/work/mine', ''), [['/work/src/a.txt', '/work/a.txt'], ['/work/mine', '/work/src/mine'], ['/work/src', '/work/moved'], ['/work/src/sub', '/work/src/sub/deep/x']].map(([a, b]) => attempt(() => fs.renameSync(a, b))))";
        assert_eq!(gives(&session, code), r#"["EXDEV","EXDEV","EBUSY","EINVAL"]"#);
        assert_eq!(
            gives(
                &session,
                "[attempt(() => fs.rmdirSync('/work/src')), attempt(() => fs.rmdirSync('/tmp')), attempt(() => fs.renameSync('/tmp', '/work/t'))]"
            ),
            r#"["EBUSY","EROFS","EROFS"]"#
        );
    }
}

/// Row 57.
#[test]
fn the_disk_is_not_filled() {
    let place = place();
    let session =
        place.session(Mount::read_write(&place.inside, "/work/src").bytes_max(100_000).files_max(20));
    let code = "(fs.writeFileSync('/work/src/large', new Uint8Array(90_000)), [attempt(() => fs.appendFileSync('/work/src/large', new Uint8Array(20_000))), attempt(() => fs.copyFileSync('/work/src/large', '/work/src/again'))])";
    assert_eq!(gives(&session, code), r#"["ENOSPC","ENOSPC"]"#);
    let code = "let made = 0, code; while (!(code = attempt(() => fs.writeFileSync(`/work/src/${made}`, '')) ).startsWith('E')) made++; console.log(made <= 19, code, attempt(() => fs.mkdirSync('/work/src/d')))";
    assert_eq!(run(&session, code).stdout, "true ENOSPC ENOSPC\n");
    let bytes: u64 = fs::read_dir(&place.inside)
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().blocks() * 512)
        .sum();
    assert!(bytes < 300_000, "{bytes} bytes on disk");

    let limits = Limits { files_bytes: 100_000, files_count: 20, files_depth: 6, ..Limits::default() };
    let grants = Grants::default().mount(Mount::copy_on_write(&place.inside, "/data"));
    let session = jar_with("javascript", limits).with_grants(grants).session().unwrap();
    for folder in ["/data", "/tmp"] {
        let code = format!(
            "[() => fs.writeFileSync('{folder}/f', new Uint8Array(100_001)), () => fs.mkdirSync('{folder}/' + 'n'.repeat(256)), () => fs.mkdirSync('{folder}' + '/d'.repeat(9), {{ recursive: true }}), \
             () => {{ for (let n = 0; n < 20; n++) fs.mkdirSync(`{folder}/n${{n}}`) }}].map(attempt)"
        );
        assert_eq!(gives(&session, &code), r#"["ENOSPC","ENAMETOOLONG","ENOSPC","ENOSPC"]"#);
        run(
            &session,
            &format!(
                "for (const name of fs.readdirSync('{folder}')) if (/^[nfd]/.test(name)) fs.rmSync('{folder}/' + name, {{ recursive: true }})"
            ),
        );
    }
}

/// Row 57, of the host's memory: what is written counts, and what a file holds is not read past the limit.
#[test]
fn files_count_as_memory() {
    let place = place();
    fs::File::create(place.inside.join("huge")).unwrap().set_len(3 << 30).unwrap();
    let limits = Limits { memory_bytes: 32 * MIB, ..Limits::default() };
    let grants = Grants::default().mount(Mount::read_only(&place.inside, "/work/src"));
    let session = jar_with("javascript", limits).with_grants(grants).session().unwrap();
    for code in [
        "fs.readFileSync('/work/src/huge')",
        "fs.readFileSync('/work/src/huge', 'utf8')",
        "fs.copyFileSync('/work/src/huge', '/tmp/x')",
        "fs.readFileSync('/dev/zero')",
        "require('/work/src/huge')",
    ] {
        let outcome = session.run_blocking(format!("{HEAD}{code}").replace("const ", "var ")).unwrap();
        assert_eq!(outcome.ended, Ended::MemoryLimit, "{code}: {outcome:#?}");
        assert!(outcome.usage.peak_memory_bytes <= 32 * MIB);
    }
    let code = "var bytes = new Uint8Array(4 << 20), made = 0, code; while ((code = attempt(() => fs.writeFileSync(`/tmp/${made}`, bytes))) === 'done') made++; console.log(made < 8, code)";
    let outcome = session.run_blocking(format!("{HEAD}{code}").replace("const ", "var ")).unwrap();
    assert_eq!(outcome.stdout, "true ENOSPC\n");
}

/// Row 58: nothing stays open between two calls.
#[test]
fn no_file_stays_open() {
    let place = place();
    let limits = Limits { open_files: 1, ..Limits::default() };
    let grants = Grants::default().mount(Mount::read_only(&place.inside, "/work/src"));
    let session = jar_with("javascript", limits).with_grants(grants).session().unwrap();
    let open_now = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open_now();
    let code = "for (let n = 0; n < 5000; n++) { fs.readFileSync('/work/src/a.txt'); fs.readdirSync('/work/src'); attempt(() => fs.readFileSync('/work/src/sub')); attempt(() => fs.readdirSync('/work/src/a.txt')) } console.log(attempt(() => fs.openSync('/work/src/a.txt')))";
    assert_eq!(run(&session, code).stdout, "ERR_METHOD_NOT_IMPLEMENTED\n");
    // Other tests of this process open files meanwhile.
    assert!(open_now() < before + 500);
}

/// Row 59.
#[test]
fn special_files_are_not_opened() {
    let place = place();
    let fifo = rustix::fs::FileType::Fifo;
    let mode = rustix::fs::Mode::from_raw_mode(0o666);
    rustix::fs::mknodat(rustix::fs::CWD, place.inside.join("pipe"), fifo, mode, 0).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, place.inside.join("pipe.js"), fifo, mode, 0).unwrap();
    for session in place.all() {
        assert_eq!(
            gives(
                &session,
                "[attempt(() => fs.readFileSync('/work/src/pipe')), attempt(() => require('/work/src/pipe.js')), fs.statSync('/work/src/pipe').isFile(), await import('/work/src/pipe.js').catch((e) => e.code)]"
            ),
            r#"["ENXIO","MODULE_NOT_FOUND",false,"ERR_MODULE_NOT_FOUND"]"#
        );
    }
    let proc = place.session(Mount::read_only("/proc/self", "/data"));
    let opened = gives(
        &proc,
        "['/data/root/etc/passwd', '/data/cwd/Cargo.toml', '/data/exe', '/data/fd/0'].map((path) => attempt(() => fs.readFileSync(path, 'utf8')))",
    );
    assert!(!opened.contains("root:") && opened.matches("\"E").count() == 4, "{opened}");
}

/// Row 60.
#[test]
fn protected_names_are_left_alone() {
    let place = place();
    fs::create_dir_all(place.inside.join(".git/hooks")).unwrap();
    fs::write(place.inside.join(".env"), "KEY=1").unwrap();
    let names = "'.git/hooks/pre-commit .git/config .bashrc .profile .env sub/.Env.local .npmrc'.split(' ')";
    assert_eq!(
        gives(
            &place.rw(),
            &format!("{names}.map((name) => attempt(() => fs.writeFileSync('/work/src/' + name, 'evil')))")
        ),
        all_of("EACCES", 7)
    );
    assert_eq!(
        gives(
            &place.rw(),
            "[attempt(() => fs.renameSync('/work/src/sub', '/work/src/.ssh')), attempt(() => fs.unlinkSync('/work/src/.env')), attempt(() => fs.rmSync('/work/src/.git', { recursive: true }))]"
        ),
        all_of("EACCES", 3)
    );
    let session = place.cow();
    run(&session, "fs.writeFileSync('/work/src/.env', 'evil')");
    let applied = session.apply(&Selection::All).unwrap();
    assert!(applied.refused[0].reason.contains("protected"));
    assert_eq!(fs::read_to_string(place.inside.join(".env")).unwrap(), "KEY=1");
}

/// Rows 61, 62 and 63.
#[test]
fn changes_and_output_are_checked_when_they_are_brought_out() {
    let place = place();
    symlink(&place.outside, place.inside.join("plots")).unwrap();
    let session = place.cow();
    run(
        &session,
        "fs.appendFileSync('/work/src/a.txt', 'more'); fs.rmSync('/work/src/sub', { recursive: true }); fs.writeFileSync('/work/src/x\\n+++ b\\u202e', '1\\n')",
    );
    assert_eq!(
        session.diff("/work/src/x\n+++ b\u{202e}").unwrap().lines().nth(1),
        Some("+++ \"b/work/src/x\\u{a}+++ b\\u{202e}\"")
    );
    fs::write(place.inside.join("a.txt"), "theirs\n").unwrap();
    fs::write(place.inside.join("sub/deep/late"), "late").unwrap();
    let applied = session.apply(&Selection::All).unwrap();
    let refused: Vec<_> = applied.refused.iter().map(|refused| (&*refused.path, &*refused.reason)).collect();
    assert!(refused.contains(&("/work/src/a.txt", "it was changed on the host meanwhile")), "{refused:?}");
    assert_eq!(fs::read_to_string(place.inside.join("a.txt")).unwrap(), "theirs\n");
    assert_eq!(fs::read_to_string(place.inside.join("sub/deep/late")).unwrap(), "late");

    run(
        &session,
        "fs.mkdirSync('/output/plots'); for (const name of ['a.txt', 'plots/evil', '.bashrc']) fs.writeFileSync('/output/' + name, 'out')",
    );
    assert_eq!(
        gives(
            &session,
            "['../../escape', '..'].map((name) => attempt(() => fs.writeFileSync('/output/' + name, '')))"
        ),
        r#"["EROFS","EISDIR"]"#
    );
    let saved = session.save_output(&place.inside).unwrap();
    assert_eq!((saved.applied.len(), saved.refused.len()), (0, 3));
    place.outside_is_untouched();
}

/// Row 87: what code does to the language's own objects changes nothing for how modules are found.
#[test]
fn modules_are_found_whatever_code_has_done_to_built_ins() {
    let place = place();
    fs::create_dir_all(place.inside.join("node_modules/p")).unwrap();
    fs::write(place.inside.join("node_modules/p/package.json"), r#"{"exports": {"import": "./p.mjs"}}"#)
        .unwrap();
    fs::write(place.inside.join("node_modules/p/p.mjs"), "export default 5").unwrap();
    fs::write(place.inside.join("m.mjs"), "import p from 'p'\nexport { p }").unwrap();
    let session = place.session(Mount::read_only(&place.inside, "/work"));
    let code = "const hooked = () => { throw new Error('hooked') }, { ownKeys, defineProperty } = Reflect\n\
        const all = [Array.prototype, String.prototype, Map.prototype, RegExp.prototype, Object, JSON, Reflect]\n\
        for (let n = 0; n < 7; n++) { const names = ownKeys(all[n]); for (let at = 0; at < names.length; at++) {\n\
          if (names[at] !== 'constructor' && names[at] !== 'length') try { defineProperty(all[n], names[at], { value: hooked }) } catch {} } }\n\
        Object.prototype.exports = './evil.js'; Object.prototype.type = 'json'; globalThis.Error = undefined\n\
        const { p } = await import('./m.mjs'); p";
    let outcome = session.run_blocking(code).unwrap();
    assert_eq!(outcome.ended, Ended::Completed, "{outcome:#?}");
    assert_eq!(repr(&outcome), "5");
}

/// Row 90: a hostile package can say what it likes of itself.
#[test]
fn a_hostile_package_gets_an_error_or_its_own_files() {
    let place = place();
    let deep =
        |n: usize| format!("{{\"exports\": {}\"./a.js\"{}}}", "{\"default\": ".repeat(n), "}".repeat(n));
    let hostile: [(&str, String, &str); 12] = [
        ("up", r#"{"exports": "./../../outside/secret.js"}"#.into(), "ERR_INVALID_PACKAGE_TARGET"),
        ("absolute", r#"{"exports": "/etc/passwd"}"#.into(), "ERR_INVALID_PACKAGE_TARGET"),
        ("address", r#"{"exports": "file:///etc/passwd"}"#.into(), "ERR_INVALID_PACKAGE_TARGET"),
        ("main", r#"{"main": "../../../../outside/secret.js"}"#.into(), "ERR_MODULE_NOT_FOUND"),
        (
            "number",
            r#"{"exports": 5, "main": 7, "name": [], "type": {}}"#.into(),
            "ERR_INVALID_PACKAGE_TARGET",
        ),
        ("numeric", r#"{"exports": {"0": "./a.js"}}"#.into(), "ERR_INVALID_PACKAGE_CONFIG"),
        (
            "proto",
            r#"{"__proto__": {"exports": "./a.js"}, "main": "none.js"}"#.into(),
            "ERR_MODULE_NOT_FOUND",
        ),
        ("text", "not json at all".into(), "ERR_INVALID_PACKAGE_CONFIG"),
        ("array", "[]".into(), "ERR_MODULE_NOT_FOUND"),
        ("empty", String::new(), "ERR_INVALID_PACKAGE_CONFIG"),
        ("deep", deep(100_000), "RangeError|ERR_INVALID_PACKAGE_CONFIG"),
        (
            "star",
            format!(r#"{{"exports": {{".": "./{}"}}}}"#, "*".repeat(100_000)),
            "ERR_MODULE_NOT_FOUND|ENAMETOOLONG",
        ),
    ];
    for (name, text, _) in &hostile {
        fs::create_dir_all(place.inside.join("node_modules").join(name)).unwrap();
        fs::write(place.inside.join("node_modules").join(name).join("package.json"), text).unwrap();
    }
    fs::create_dir_all(place.inside.join("node_modules/self")).unwrap();
    fs::write(place.inside.join("node_modules/self/package.json"), r##"{"name": "self", "exports": "./a.js", "imports": {"#a": "#a", "#b": "self", "#c": "./../x.js"}}"##).unwrap();
    fs::write(place.inside.join("node_modules/self/a.js"), "module.exports = ['#a', '#b', '#c'].map((name) => { try { return typeof require(name) } catch (e) { return e.code ?? e.name } })").unwrap();
    let session = place.session(Mount::read_only(&place.inside, "/work"));
    for (name, _, expected) in &hostile {
        let code = format!("await import('{name}').then(() => 'loaded', (e) => e.code ?? e.name)");
        let outcome = session.run_blocking(Request::new(code)).unwrap();
        assert_eq!(outcome.ended, Ended::Completed, "{name}: {outcome:#?}");
        let got = repr(&outcome).trim_matches('\'').to_owned();
        assert!(expected.split('|').any(|expected| got == expected), "{name}: {got}");
    }
    assert_eq!(
        gives(&session, "(await import('self')).default"),
        r#"["ERR_MODULE_NOT_FOUND","object","ERR_INVALID_PACKAGE_TARGET"]"#
    );
    place.outside_is_untouched();
}
