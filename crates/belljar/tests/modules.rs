//! Modules of JavaScript: what `import` and `require` find in mounts, and what they say when they find nothing.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::fs;
use std::time::{Duration, Instant};

use crate::common::{jar, jar_with, repr};
use crate::packages;
use belljar::{Completeness, Ended, Grants, Jar, Limits, Mount, Outcome, Request, Session, SnapshotKey};

/// A directory with files in it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// A session that finds these files in `/work`.
fn session(files: &[(&str, &str)]) -> (Session, tempfile::TempDir) {
    let folder = folder(files);
    let grants = Grants::default().mount(Mount::read_only(folder.path(), "/work"));
    (jar("javascript").with_grants(grants).session().unwrap(), folder)
}

fn run(session: &Session, name: &str, code: &str) -> Outcome {
    session.run_blocking(Request::new(code).name(name)).unwrap()
}

#[track_caller]
fn gives(session: &Session, code: &str) -> String {
    let outcome = run(session, "main.mjs", code);
    assert_eq!(outcome.ended, Ended::Completed, "{code}: {:#?}", outcome.error);
    repr(&outcome).to_owned()
}

/// `code: message` of what importing this ends with.
#[track_caller]
fn refusal(session: &Session, specifier: &str) -> String {
    let code = format!(
        "let found = 'found'; try {{ await import({specifier:?}) }} catch (e) {{ found = `${{e.code}}: ${{e.message}}` }}\nexport default found"
    );
    let shown = gives(session, &code);
    shown[1..shown.len() - 1].replace("\\'", "'")
}

#[test]
fn a_program_imports_from_the_directory_that_is_mounted_where_it_lies() {
    let files = [
        ("util.js", "export const two = 2; export default () => import.meta.url"),
        ("data.json", r#"{"rows": [1, 2]}"#),
        (
            "old.cjs",
            "exports.base = require('path').basename(__filename); exports.rows = require('./data.json').rows",
        ),
        ("lib/deep.mjs", "export { two as deep } from '../util.js'; export * as ns from '../util.js'"),
    ];
    let (session, _folder) = session(&files);
    let code = "import url, { two } from './util.js'\nimport data from './data.json' with { type: 'json' }\n\
        import old, { base } from '/work/old.cjs'\nimport { deep, ns } from 'file:///work/lib/deep.mjs'\n";
    let value = "[url(), two, data.rows, old.rows, base, deep, ns.two]";
    let expected = "[ 'file:///work/util.js', 2, [ 1, 2 ], [ 1, 2 ], 'old.cjs', 2, 2 ]";
    assert_eq!(gives(&session, &format!("{code}export default {value}")), expected);

    // A program with `import` in it is a module, whatever its name says; where it lies on the machine does not matter.
    for name in ["main.js", "/srv/project/main.js", "../elsewhere/main.ts"] {
        let outcome = run(&session, name, &format!("{code}console.log({value})"));
        assert_eq!(outcome.stdout.to_string(), format!("{expected}\n"), "{name}: {:?}", outcome.error);
    }
    // A script imports as it goes, and requires.
    let outcome = run(
        &session,
        "s.js",
        "const { two } = await import('./util.js'); two + require('./old.cjs').rows[1]",
    );
    assert_eq!(repr(&outcome), "4");
}

#[test]
fn a_module_knows_where_it_is() {
    let (session, _folder) = session(&[(
        "lib/a.mjs",
        "export default [import.meta.filename, import.meta.dirname, import.meta.main, import.meta.resolve('../b c.js?x')]",
    )]);
    let code = "import a from './lib/a.mjs'\nexport default [a, import.meta.filename, import.meta.main, import.meta.resolve('node:fs')].flat().join()";
    assert_eq!(
        gives(&session, code),
        "'/work/lib/a.mjs,/work/lib,false,file:///work/b%20c.js?x,/work/main.mjs,true,node:fs'"
    );
}

/// A node_modules with packages of each kind.
const PACKAGES: [(&str, &str); 21] = [
    (
        "node_modules/esm/package.json",
        r##"{"name": "esm", "type": "module", "exports": {".": {"types": "./t.d.ts", "import": "./lib/index.js", "require": "./never.js"},
            "./feature/*": "./lib/features/*.js", "./feature/long/*": "./lib/long-*.js", "./closed/*": null, "./bad": "../out.js", "./list": ["bad", "./lib/index.js"],
            "./gone": "./gone.js", "./json": "./package.json", "./modules/*": "./*"},
            "imports": {"#dep": {"default": "./lib/dep.js"}, "#fs": "node:fs", "#other": "plain"}}"##,
    ),
    (
        "node_modules/esm/lib/index.js",
        "import { d } from '#dep'; import { existsSync } from '#fs'; import other from '#other'; export { self } from 'esm/feature/a'; export const name = `esm ${d} ${existsSync('/work')} ${other.x}`",
    ),
    ("node_modules/esm/lib/dep.js", "export const d = 7"),
    ("node_modules/esm/lib/features/a.js", "export const self = import.meta.filename"),
    ("node_modules/esm/lib/long-b.js", "export const long = 1"),
    ("node_modules/plain/package.json", r#"{"main": "./lib"}"#),
    ("node_modules/plain/lib/index.js", "exports.x = 5; exports.also = require('dual')"),
    ("node_modules/dual/package.json", r#"{"exports": {"import": "./i.mjs", "require": "./r.cjs"}}"#),
    ("node_modules/dual/i.mjs", "export default 'import'"),
    ("node_modules/dual/r.cjs", "module.exports = 'require'"),
    (
        "node_modules/ours/package.json",
        r#"{"exports": {"node": "./node.cjs", "browser": "./b.js", "default": "./any.cjs"}}"#,
    ),
    ("node_modules/ours/any.cjs", "module.exports = 'any'"),
    ("node_modules/theirs/package.json", r#"{"exports": {"node": "./node.cjs"}}"#),
    ("node_modules/theirs/node.cjs", "module.exports = 'node'"),
    (
        "node_modules/@scope/name/index.js",
        "module.exports = function f() { return 6 }; module.exports.helper = 7",
    ),
    ("node_modules/no-ending/package.json", r#"{"main": "main"}"#),
    ("node_modules/no-ending/main.js", "export const detected = 'module'"),
    ("node_modules/esm/node_modules/nested/index.js", "module.exports = 'nested'"),
    ("node_modules/broken/package.json", "{\"exports\": "),
    ("node_modules/mixed/package.json", r#"{"exports": {".": "./a.js", "import": "./b.js"}}"#),
    ("node_modules/__proto__/index.js", "module.exports = 'odd'"),
];

#[test]
fn packages_are_found_by_what_they_say_of_themselves() {
    let (session, _folder) = session(&PACKAGES);
    let found = |code: &str| gives(&session, &format!("export default {code}"));
    assert_eq!(found("(await import('esm')).name"), "'esm 7 true 5'");
    assert_eq!(found("(await import('esm/feature/a')).self"), "'/work/node_modules/esm/lib/features/a.js'");
    assert_eq!(found("(await import('esm/feature/long/b')).long"), "1");
    assert_eq!(found("(await import('esm/list')).name"), "'esm 7 true 5'");
    assert_eq!(found("(await import('esm/json', { with: { type: 'json' } })).default.name"), "'esm'");
    assert_eq!(
        found("[(await import('plain')).also, (await import('dual')).default]"),
        "[ 'require', 'import' ]"
    );
    assert_eq!(
        found("[(await import('ours')).default, (await import('theirs')).default]"),
        "[ 'any', 'node' ]"
    );
    assert_eq!(
        found("[(await import('@scope/name')).default(), (await import('@scope/name')).helper]"),
        "[ 6, 7 ]"
    );
    assert_eq!(found("(await import('no-ending/main.js')).detected"), "'module'");
    assert_eq!(
        found("[require('no-ending').detected, require('plain').x, require('__proto__')]"),
        "[ 'module', 5, 'odd' ]"
    );
}

/// And when there is nothing to be found, as Node says it.
#[test]
fn what_a_package_does_not_offer_is_refused_as_in_node() {
    let (session, _folder) = session(&PACKAGES);
    let package = "/work/node_modules/esm/package.json imported from /work/main.mjs";
    for (specifier, expected) in [
        ("esm/other", format!("ERR_PACKAGE_PATH_NOT_EXPORTED: Package subpath './other' is not defined by \"exports\" in {package}")),
        ("esm/closed/x", format!("ERR_PACKAGE_PATH_NOT_EXPORTED: Package subpath './closed/x' is not defined by \"exports\" in {package}")),
        ("esm/bad", format!("ERR_INVALID_PACKAGE_TARGET: Invalid \"exports\" target \"../out.js\" defined for './bad' in the package config {package}")),
        ("esm/modules/../x.js", "ERR_INVALID_MODULE_SPECIFIER: ".to_owned()),
        ("esm/modules/node_modules/nested/index.js", "ERR_INVALID_MODULE_SPECIFIER: ".to_owned()),
        ("esm/gone", "ERR_MODULE_NOT_FOUND: Cannot find module '/work/node_modules/esm/gone.js' imported from /work/main.mjs".to_owned()),
        ("broken", "ERR_INVALID_PACKAGE_CONFIG: Invalid package config /work/node_modules/broken/package.json".to_owned()),
        ("mixed", "ERR_INVALID_PACKAGE_CONFIG: Invalid package config /work/node_modules/mixed/package.json".to_owned()),
        ("nested", "ERR_MODULE_NOT_FOUND: Cannot find package 'nested' imported from /work/main.mjs; it is not in /work/node_modules".to_owned()),
        ("#inner", "ERR_PACKAGE_IMPORT_NOT_DEFINED: Package import specifier \"#inner\" is not defined imported from /work/main.mjs".to_owned()),
        ("@scope", "ERR_INVALID_MODULE_SPECIFIER: Invalid module \"@scope\" is not a valid package name".to_owned()),
        ("./data.json", "ERR_MODULE_NOT_FOUND: ".to_owned()),
        ("./node_modules/esm/package.json", "ERR_IMPORT_ATTRIBUTE_MISSING: ".to_owned()),
        ("./node_modules", "ERR_UNSUPPORTED_DIR_IMPORT: Directory import '/work/node_modules' is not supported".to_owned()),
        ("./a%2fb.js", "ERR_INVALID_MODULE_SPECIFIER: ".to_owned()),
    ] {
        let refusal = refusal(&session, specifier);
        assert!(refusal.starts_with(&expected), "{specifier}: {refusal}");
    }
}

/// A package as it is published, unpacked into the cache by `cargo xtask packages`.
#[test]
fn published_packages_work_as_they_are() {
    let mut grants = Grants::default();
    for name in packages::UNPACKED {
        grants = grants.mount(Mount::read_only(packages::folder(name), format!("/work/node_modules/{name}")));
    }
    let session = jar("javascript").with_grants(grants).session().unwrap();
    for (code, expected) in [
        (
            "import semver, { inc } from 'semver'\nexport default [semver.satisfies('1.2.3', '^1.0.0'), inc('1.2.3', 'minor')]",
            "[ true, '1.3.0' ]",
        ),
        ("import gt from 'semver/functions/gt.js'\nexport default gt('2.0.0', '1.9.9')", "true"),
        (
            "import pLimit from 'p-limit'\nconst limit = pLimit(2)\nexport default await Promise.all([1, 2, 3].map((n) => limit(async () => n * 2)))",
            "[ 2, 4, 6 ]",
        ),
        (
            "import { v5, validate } from 'uuid'\nconst id = v5('belljar', v5.DNS)\nexport default [validate(id), id.length]",
            "[ true, 36 ]",
        ),
        (
            "import { parse, stringify } from 'yaml'\nexport default [parse('a: [1, {b: c}]').a[1].b, stringify({ x: 1 })]",
            "[ 'c', 'x: 1\\n' ]",
        ),
        (
            "export default [require('semver').major('3.4.5'), require('yaml').parse('[1]')[0], require('uuid').NIL.length]",
            "[ 3, 1, 36 ]",
        ),
    ] {
        assert_eq!(gives(&session, code), expected, "{code}");
    }
}

/// CommonJS modules that do what such modules do.
const COMMONJS: [(&str, &str); 13] = [
    ("a.cjs", "exports.early = 1; const b = require('./b.cjs'); exports.late = b.seen"),
    ("b.cjs", "exports.seen = Object.keys(require('./a.cjs')).join()"),
    (
        "dir/index.js",
        "module.exports = [module.id, __dirname, typeof module.children, require.main === module, this === module.exports]",
    ),
    ("bare", "exports.name = 'no ending'"),
    ("bad.json", "{"),
    (
        "throws.cjs",
        "exports.x = (globalThis.tries = (globalThis.tries ?? 0) + 1); if (tries < 2) throw new TypeError('not yet')",
    ),
    ("esm.mjs", "export const x = 1; export default 2"),
    ("waits.mjs", "await 1; export const x = 1"),
    ("uses-esm.cjs", "exports.esm = require('./esm.mjs')"),
    ("circle.mjs", "import { y } from './circle.cjs'; export const x = y"),
    ("circle.cjs", "exports.y = require('./circle.mjs').x"),
    (
        "getter.cjs",
        "Object.defineProperty(exports, 'bad', { enumerable: true, get() { throw 1 } }); exports.good = 1; exports['a-b'] = 2; exports.__esModule = true",
    ),
    ("shebang.cjs", "#!/usr/bin/env node\nmodule.exports = 'ran'"),
];

#[test]
fn commonjs_works_as_in_node() {
    let (session, _folder) = session(&COMMONJS);
    let found = |code: &str| {
        gives(
            &session,
            &format!(
                "const message = (f) => {{ try {{ return f() }} catch (e) {{ return `${{e.code ?? e.name}}` }} }}; export default {code}"
            ),
        )
    };
    assert_eq!(found("require('./a.cjs')"), "{ early: 1, late: 'early' }");
    assert_eq!(found("require('./dir').join()"), "'/work/dir/index.js,/work/dir,object,false,true'");
    assert_eq!(found("[require('./bare').name, require('./shebang.cjs')]"), "[ 'no ending', 'ran' ]");
    assert_eq!(
        found(
            "[message(() => require('./bad.json')), message(() => require('./none')), message(() => require('none')), message(() => require(1))]"
        ),
        "[\n  'SyntaxError',\n  'MODULE_NOT_FOUND',\n  'ERR_MODULE_NOT_FOUND',\n  'ERR_INVALID_ARG_TYPE'\n]"
    );
    // What failed is not kept.
    assert_eq!(
        found(
            "[message(() => require('./throws.cjs')), require('./throws.cjs').x, require('./throws.cjs').x]"
        ),
        "[ 'TypeError', 2, 2 ]"
    );
    assert_eq!(
        found(
            "[require('./uses-esm.cjs').esm.x, require('./esm.mjs').default, require('./esm.mjs') === await import('./esm.mjs')]"
        ),
        "[ 1, 2, true ]"
    );
    assert_eq!(found("message(() => require('./waits.mjs'))"), "'ERR_REQUIRE_ASYNC_MODULE'");
    assert_eq!(
        found("[Object.keys(await import('./getter.cjs')).join()]"),
        "[ '__esModule,a-b,default,good,module.exports' ]"
    );
    assert_eq!(found("require('node:module').createRequire('/work/dir/x.js')('../esm.mjs').x"), "1");
    assert_eq!(
        found(
            "[require.resolve('./dir'), message(() => require.resolve('./none')), require.cache['/work/a.cjs'].loaded]"
        ),
        "[ '/work/dir/index.js', 'MODULE_NOT_FOUND', true ]"
    );
    // A circle through both kinds is refused, and harms nothing.
    assert!(refusal(&session, "./circle.mjs").contains("in a circle"));
    assert!(refusal(&session, "./circle.mjs").contains("in a circle"));
    assert_eq!(found("require('./esm.mjs').x"), "1");
}

#[test]
fn modules_that_import_each_other_see_what_is_there_already() {
    let files = [
        (
            "a.mjs",
            "import { b } from './b.mjs'; export const a = () => 'a' + b(); export const x = 1; export { default as sum } from './sum.mjs'",
        ),
        ("b.mjs", "import { x, sum } from './a.mjs'; export const b = () => `b${x}${sum}`"),
        (
            "sum.mjs",
            "globalThis.order = (globalThis.order ?? []).concat('sum'); export default await Promise.resolve(3)",
        ),
        ("early.mjs", "import { late } from './late.mjs'; export const early = late"),
        ("late.mjs", "import { early } from './early.mjs'; export const late = early"),
        ("star.mjs", "export * from './a.mjs'; export * from './star2.mjs'"),
        ("star2.mjs", "export * from './star.mjs'; export const more = 1"),
        ("lacks.mjs", "import { nothing } from './a.mjs'"),
    ];
    let (session, _folder) = session(&files);
    assert_eq!(
        gives(
            &session,
            "import { a } from './a.mjs'\nimport { b } from './b.mjs'\nexport default [a(), b(), order.length]"
        ),
        "[ 'ab13', 'b13', 1 ]"
    );
    assert_eq!(
        gives(&session, "import * as all from './star.mjs'\nexport default Object.keys(all).join()"),
        "'a,more,sum,x'"
    );
    assert!(
        refusal(&session, "./early.mjs").contains("not initialized"),
        "{}",
        refusal(&session, "./early.mjs")
    );
    assert!(refusal(&session, "./lacks.mjs").contains("'nothing'"), "{}", refusal(&session, "./lacks.mjs"));
}

#[test]
fn typescript_is_read_where_it_is_imported() {
    let files = [
        (
            "types.ts",
            "import type { Other } from './none.ts'\nexport interface A { a: number }\nexport const plus = (a: number, b: number): number => a + b\n",
        ),
        ("uses.mts", "import { plus, type A } from './types.ts'\nexport const a: A = { a: plus(1, 2) }\n"),
        ("old.cts", "const x: number = 4\nexports.x = x\n"),
        ("enum.ts", "export const a = 1\nexport enum E { A }\n"),
        ("slow.ts", &format!("x={}", "a<{[".repeat(40))),
    ];
    let (session, _folder) = session(&files);
    let code = "import { a } from './uses.mts'\nimport { x } from './old.cts'\nexport default [a.a, x, require('./types.ts').plus(2, 3)]";
    assert_eq!(gives(&session, code), "[ 3, 4, 5 ]");
    let outcome = session
        .run_blocking(
            Request::new("import { plus } from './types.ts'\nconst n: number = plus(3, 4)\nexport default n")
                .name("main.ts"),
        )
        .unwrap();
    assert_eq!(repr(&outcome), "7");
    let message = refusal(&session, "./enum.ts");
    assert!(
        message.contains("an enum is code and not a type") && message.contains("/work/enum.ts:2:8"),
        "{message}"
    );
    assert!(refusal(&session, "./types.js").contains("did you mean to import './types.ts'?"));
}

/// What keeps the parser busy is read within the run's time, and its time is counted.
#[test]
fn reading_types_is_a_part_of_the_run() {
    let slow = format!("x={}", "a<{[".repeat(40));
    let folder = folder(&[("slow.ts", &slow), ("quick.ts", "export const n: number = 1")]);
    let grants = Grants::default().mount(Mount::read_only(folder.path(), "/work"));
    for limits in [Limits { time_ms: 300, ..Limits::default() }, Limits { cpu_ms: 300, ..Limits::default() }]
    {
        let session = jar_with("javascript", limits).with_grants(grants.clone()).session().unwrap();
        for code in ["await import('./slow.ts')", "await import('./quick.ts'); while (true) {}"] {
            let began = Instant::now();
            let outcome = session.run_blocking(code).unwrap();
            assert_eq!(outcome.ended, Ended::TimeLimit, "{code}: {outcome:#?}");
            assert!(began.elapsed() < Duration::from_secs(8), "{code}: {:?}", began.elapsed());
            assert_eq!(repr(&session.run_blocking("1 + 1").unwrap()), "2");
        }
    }
}

#[test]
fn what_is_not_granted_says_what_would_grant_it() {
    let session = jar("javascript").session().unwrap();
    let error = |name: &str, code: &str| run(&session, name, code).error.unwrap().message;
    let mounted = |place: &str| {
        format!(
            "no directory of the machine is mounted at {place}: --mount DIR:{place} lets the code read one there"
        )
    };
    assert_eq!(
        error("src/main.js", "import { x } from './util.js'\nconsole.log(x)"),
        format!("Cannot find module '/work/util.js' imported from /work/main.js; {}", mounted("/work"))
    );
    assert_eq!(
        error("main.js", "import '../lib/util.js'"),
        format!("Cannot find module '/lib/util.js' imported from /work/main.js; {}", mounted("/lib"))
    );
    let packages = "there is no node_modules: --mount node_modules:/work/node_modules lets the code use the packages in a directory of the machine";
    assert_eq!(
        error("main.js", "import _ from 'lodash/fp'"),
        format!("Cannot find package 'lodash' imported from /work/main.js; {packages}")
    );
    assert_eq!(
        error("main.js", "const x = require('@a/b/c')"),
        format!("Cannot find package '@a/b' imported from /work/main.js; {packages}")
    );
    assert_eq!(
        error("main.js", "require('./util')"),
        format!("Cannot find module './util' required from /work/main.js; {}", mounted("/work"))
    );
    let ours = "Of Node's modules there are node:fs, node:fs/promises, node:path, node:path/posix, node:process, node:module, node:url";
    assert_eq!(
        error("main.js", "import http from 'node:http'"),
        format!(
            "There is no node:http in this sandbox (no sockets: use fetch, to the hosts that --allow-net names). {ours}"
        )
    );
    assert!(error("main.js", "require('child_process')").contains("no processes and no threads"));
    assert!(error("main.js", "import 'node:nothing'").starts_with("No such built-in module: node:nothing"));
    assert!(error("main.js", "import 'https://example.com/x.js'").contains("modules come from files"));
    assert!(error("main.js", "import { createServer } from 'node:fs'").contains("createServer"));
}

#[test]
fn errors_name_the_module_and_its_line() {
    let files = [
        ("throws.mjs", "\nexport function f() {\n  throw new TypeError('here')\n}\n"),
        ("old.cjs", "\nexports.f = () => {\n  null.x\n}\n"),
        ("syntax.mjs", "export const a = 1\nlet let = 2\n"),
    ];
    let (session, _folder) = session(&files);
    let error = |code: &str| run(&session, "main.mjs", code).error.unwrap();
    assert!(error("import { f } from './throws.mjs'\nf()").traceback.contains("at f (/work/throws.mjs:3:"));
    let old = error("import { f } from './old.cjs'\nf()");
    assert!(old.traceback.contains("/work/old.cjs:3:"), "{}", old.traceback);
    assert!(!old.traceback.contains("belljar:"), "{}", old.traceback);
    let syntax = error("import './syntax.mjs'");
    assert_eq!(syntax.r#type, "SyntaxError");
    assert!(syntax.traceback.contains("/work/syntax.mjs:2:"), "{}", syntax.traceback);
    // A program that is a module is told what is wrong with it as a module.
    let wrong = run(&session, "main.js", "import './throws.mjs'\nlet x = ;").error.unwrap();
    assert!(wrong.traceback.contains("main.js:2:"), "{}", wrong.traceback);
    // That a program has a wrong import is not the error of a program that is wrong itself.
    let outcome = run(&session, "main.js", "import './syntax.mjs'\nlet x = 1");
    assert!(outcome.error.unwrap().traceback.contains("/work/syntax.mjs:2:"));
}

#[test]
fn a_session_keeps_its_modules_and_can_mend_what_failed() {
    let folder = folder(&[
        ("count.mjs", "export let n = 0; export const up = () => ++n"),
        ("needs.mjs", "export { x } from './made.mjs'"),
    ]);
    let grants = Grants::default().mount(Mount::copy_on_write(folder.path(), "/work"));
    let session = jar("javascript").with_grants(grants).session().unwrap();
    assert_eq!(gives(&session, "import { up } from './count.mjs'\nexport default up()"), "1");
    assert_eq!(gives(&session, "import { up } from './count.mjs'\nexport default up()"), "2");
    assert_eq!(gives(&session, "import { up } from './count.mjs?again'\nexport default up()"), "1");
    // Twice, since what a failed load leaves is found by the next one.
    for _ in 0..2 {
        assert!(refusal(&session, "./needs.mjs").starts_with(
            "ERR_MODULE_NOT_FOUND: Cannot find module '/work/made.mjs' imported from /work/needs.mjs"
        ));
    }
    gives(
        &session,
        "import fs from 'node:fs'\nfs.writeFileSync('made.mjs', 'export const x = 5; let let')\nexport default 1",
    );
    assert!(
        run(&session, "main.mjs", "import './needs.mjs'")
            .error
            .unwrap()
            .traceback
            .contains("/work/made.mjs:1:")
    );
    gives(
        &session,
        "import fs from 'node:fs'\nfs.writeFileSync('made.mjs', 'export const x = 5')\nexport default 1",
    );
    assert_eq!(gives(&session, "import { x } from './needs.mjs'\nexport default x"), "5");
}

#[test]
fn modules_go_with_a_session_into_snapshots_and_forks() {
    let grants =
        Grants::default().file("/work/count.mjs", b"export let n = 0; export const up = () => ++n".to_vec());
    let jar: Jar = jar("javascript").with_grants(grants).with_snapshot_key(SnapshotKey::new([7; 32]));
    let session = jar.session().unwrap();
    let code = "import { up } from './count.mjs'\nexport default up()";
    assert_eq!(gives(&session, code), "1");
    assert_eq!(gives(&session.fork(1).unwrap()[0], code), "2");
    assert_eq!(gives(&jar.restore(&session.snapshot().unwrap()).unwrap(), code), "2");
}

#[test]
fn checking_code_loads_nothing() {
    let session = jar("javascript").session().unwrap();
    assert_eq!(session.check_blocking("import { x } from './none.js'\nx").unwrap(), Completeness::Complete);
    assert_eq!(
        session.check_blocking("import { x } from './none.js'\nif (x) {").unwrap(),
        Completeness::Incomplete
    );
}

#[test]
fn a_seed_makes_files_and_modules_repeatable() {
    let folder = folder(&[("z.mjs", "export default Math.random()"), ("a.txt", "a"), ("m/b.txt", "b")]);
    let outcome = || {
        let grants = Grants::default().seed(5).mount(Mount::read_only(folder.path(), "/work"));
        let session = jar("javascript").with_grants(grants).session().unwrap();
        gives(
            &session,
            "import fs from 'fs'\nimport z from './z.mjs'\nfs.writeFileSync('/tmp/x', 'x')\n\
            export default [z, fs.readdirSync('.', { recursive: true }).join(), fs.statSync('/tmp/x').mtimeMs, fs.mkdtempSync('/tmp/d')].join()",
        )
    };
    assert_eq!(outcome(), outcome());
}

/// What a module graph costs is bounded by the limits, and too deep a one ends in an error.
#[test]
fn large_graphs_end_in_an_error_or_at_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: String, text: String| fs::write(folder.path().join(name), text).unwrap();
    for n in 0..5000 {
        write(format!("c{n}.mjs"), format!("import './c{}.mjs'\n", n + 1));
        write(format!("c{n}.cjs"), format!("require('./c{}.cjs')\n", n + 1));
        write(format!("w{n}.mjs"), format!("export const a = {n}\n"));
    }
    write("c5000.mjs".to_owned(), "export const end = 1\n".to_owned());
    write(
        "wide.mjs".to_owned(),
        (0..5000).map(|n| format!("import {{ a as a{n} }} from './w{n}.mjs'\n")).collect::<String>()
            + "export default a4999",
    );
    let grants = Grants::default().mount(Mount::read_only(folder.path(), "/work"));
    let session = jar("javascript").with_grants(grants.clone()).session().unwrap();
    assert_eq!(
        refusal(&session, "./c0.mjs"),
        "undefined: modules import each other too deeply: more than 2000 in a row"
    );
    assert_eq!(gives(&session, "import './c3100.mjs'\nexport default 'deep'"), "'deep'");
    assert_eq!(run(&session, "main.js", "require('./c0.cjs')").error.unwrap().r#type, "RangeError");
    assert_eq!(repr(&session.run_blocking("6 * 7").unwrap()), "42");

    let with = |limits: Limits| jar_with("javascript", limits).with_grants(grants.clone()).session().unwrap();
    let wide = "import wide from './wide.mjs'\nexport default wide";
    let session = with(Limits { time_ms: 100, ..Limits::default() });
    assert_eq!(run(&session, "main.mjs", wide).ended, Ended::TimeLimit);
    assert_eq!(repr(&session.run_blocking("6 * 7").unwrap()), "42");
    assert_eq!(
        run(&with(Limits { host_calls: 2000, ..Limits::default() }), "main.mjs", wide).ended,
        Ended::FuelLimit
    );
    assert_eq!(
        run(&with(Limits { memory_bytes: 6 << 20, ..Limits::default() }), "main.mjs", wide).ended,
        Ended::MemoryLimit
    );
    assert_eq!(gives(&with(Limits { time_ms: 60_000, cpu_ms: 60_000, ..Limits::default() }), wide), "4999");
}
