//! TypeScript: what it means, where its errors are, and what becomes of code that is made to be hard to read.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use std::time::{Duration, Instant};

use crate::common::{jar, jar_with, repr};
use belljar::{CancelToken, Ended, Error, Grants, GuestError, Limits, MIB, Outcome, Request, SessionState};

fn run(code: &str) -> Outcome {
    run_as("main.ts", code)
}

fn run_as(name: &str, code: &str) -> Outcome {
    jar("javascript").run_blocking(Request::new(code).name(name)).unwrap()
}

/// The value of code that comes to its end.
#[track_caller]
fn value(code: &str) -> String {
    let outcome = run(code);
    assert_eq!(outcome.ended, Ended::Completed, "{code}: {:?}", outcome.error);
    repr(&outcome).to_owned()
}

/// The error of code that cannot be read.
#[track_caller]
fn wrong(code: &str) -> GuestError {
    let outcome = run(code);
    assert_eq!((outcome.ended, outcome.session), (Ended::Raised, SessionState::Kept), "{code}: {outcome:#?}");
    outcome.error.unwrap()
}

#[test]
fn types_are_taken_out() {
    for (code, expected) in [
        ("let x: number = 1; x", "1"),
        ("type A<T> = { [K in keyof T]?: T[K] }; interface B extends C<B> { x(): void; y: string } 2", "2"),
        ("const f = <T, U extends T[] = T[]>(x: T, ...y: U): [T, U] => [x, y]; f<number>(1, 2)[0]", "1"),
        ("const f = async <T,>(x: T): Promise<T> => x; typeof f", "'function'"),
        ("({ a: 1 } satisfies Record<string, number>).a", "1"),
        ("const x = { a: [1] } as const; (x.a as readonly number[] as unknown as any)[0]", "1"),
        (
            "function f(x: string): string; function f(x: number): number; function f(x: any) { return x } f(3)",
            "3",
        ),
        ("let o: { p?: { q: number } } | null = { p: { q: 4 } }; o!.p!.q + (o?.p?.q ?? 0)", "8"),
        ("let a!: number; a = 5; a!", "5"),
        (
            "declare const y: number; declare function z(): void; declare module 'm' { const q: 1 } typeof y",
            "'undefined'",
        ),
        (
            "declare global { interface Window { x: 1 } } declare enum E { A } declare namespace N { let x: 1 } 6",
            "6",
        ),
        ("type R = `on${Capitalize<'a' | 'b'>}`; const r: R = 'onA'; r", "'onA'"),
        ("function is(x: unknown): x is string { return typeof x === 'string' } is('a')", "true"),
        ("function check(this: void, x?: unknown): asserts x {} check(1); 7", "7"),
        ("try { throw 8 } catch (error: unknown) { error as number }", "8"),
        ("const [a, { b }]: [number, { b: string }] = [1, { b: 'c' }]; `${a as number}${b!}`", "'1c'"),
        ("let u: unique symbol; let t: typeof import('x'); let k: keyof typeof globalThis; 9", "9"),
        ("namespace Types { export type X = 1; export interface Y {} } 10", "10"),
        ("const id = (x: number) => x; const f = id<number>; f(11)", "11"),
        ("let value = <T>(x: T) => x; value(12)", "12"),
        ("import type { A } from 'a'; import { type B } from 'b'; export type { A }; 0", ""),
    ] {
        if expected.is_empty() {
            // What is left imports from 'b', and there is nothing to import from.
            assert_eq!(run(code).ended, Ended::Raised, "{code}");
        } else {
            assert_eq!(value(code), expected, "{code}");
        }
    }
}

#[test]
fn classes_keep_what_is_code() {
    let code = "
        abstract class Shape<T extends string = string> implements Iterable<number> {
            static count: number = 0;
            declare tag: T;
            readonly #name: string;
            protected size?: number = 2;
            private extra!: boolean;
            [key: string]: unknown;
            constructor(name: string);
            constructor(name: any) { this.#name = name; Shape.count++ }
            abstract area(): number;
            public get name(): string { return this.#name }
            static make<T>(this: new (name: string) => T, name: string): T { return new this(name) }
            *[Symbol.iterator](): Iterator<number> { yield this.area() }
        }
        class Square extends Shape<'square'> {
            override area(): number { return (this.size as number) ** 2 }
        }
        const square = Square.make('s') as Square;
        [square.name, ...square, Shape.count, 'tag' in square, 'extra' in square]";
    assert_eq!(value(code), "[ 's', 4, 1, false, true ]");
}

#[test]
fn a_module_is_one_by_its_name() {
    assert_eq!(run_as("a.mts", "export const x: number = await Promise.resolve(1)").ended, Ended::Completed);
    assert_eq!(run_as("a.cts", "const x: number = 1; x").ended, Ended::Completed);
    assert_eq!(
        run_as("a.ts", "export {}; const x: number = await Promise.resolve(1)").ended,
        Ended::Completed
    );
    assert_eq!(run_as("a.mts", "this").ended, Ended::Completed);
    // Elsewhere the name says nothing of the kind.
    assert_eq!(run_as("a.js", "let x: number = 1").ended, Ended::Raised);
    assert_eq!(
        jar("python").run_blocking(Request::new("1 + 1").name("a.ts")).unwrap().ended,
        Ended::Completed
    );
}

#[test]
fn a_session_goes_on_in_typescript() {
    let session = jar("javascript").session().unwrap();
    let run = |code: &str| session.run_blocking(Request::new(code).name("cell.ts")).unwrap();
    assert_eq!(run("interface P { x: number }\nconst p: P = { x: 41 }").ended, Ended::Completed);
    assert_eq!(run("p.x +").ended, Ended::Raised);
    assert_eq!(repr(&run("(p as P).x + 1")), "42");
    assert_eq!(repr(&session.run_blocking("p.x").unwrap()), "41", "what is left is JavaScript");
}

#[test]
fn an_error_is_where_it_is_in_the_file() {
    let code = "type Wide = '\u{6f22}' |\r\n  '\u{1f600}\u{e9}';\r\n\
        /* \u{2028} */ let x: Wide | number = 1; function f<T>(a: T): T { throw new Error('here') }\r\n\
        let y: Array<{ a: Wide }> = f<any>(x as any);";
    let with_types = run(code).error.unwrap();
    assert_eq!(with_types.line, Some(3));
    // The same code with its types taken out by hand.
    let by_hand = code
        .replace("type Wide = '\u{6f22}' |", &" ".repeat(19))
        .replace("  '\u{1f600}\u{e9}';", "           ")
        .replace(": Wide | number", "               ")
        .replace("<T>(a: T): T", "   (a   )   ")
        .replace(": Array<{ a: Wide }>", &" ".repeat(20))
        .replace("<any>(x as any)", "     (x       )");
    let without = run_as("main.js", &by_hand).error.unwrap();
    assert_eq!(with_types.traceback.replace("main.ts", "main.js"), without.traceback);
    assert!(
        with_types.traceback.contains("main.ts:3:") && with_types.traceback.contains("main.ts:4:"),
        "{with_types:?}"
    );
}

#[test]
fn an_error_of_syntax_is_shown_as_in_javascript() {
    let error = wrong("let a: number = 1;\n\tlet \u{6f22}: = 2;");
    assert_eq!((error.r#type.as_str(), error.line), ("SyntaxError", Some(2)));
    assert!(error.message.starts_with("Unexpected token `=`."), "{error:?}");
    assert_eq!(error.traceback, format!("SyntaxError: {}\n    at main.ts:2:9", error.message));
    let in_javascript = run_as("main.js", "let a = 1;\n\tlet b = = 2;").error.unwrap();
    assert!(in_javascript.traceback.ends_with("\n    at main.js:2:10"), "{in_javascript:?}");
    // What only the engine finds is found there.
    let error = wrong("let a: number = 1;\nlet a: string = '';");
    assert_eq!((error.r#type.as_str(), error.line), ("SyntaxError", Some(2)));
}

#[test]
fn what_is_not_a_type_says_what_to_write_instead() {
    for (code, instead) in [
        ("\nenum A { B }", "const Name = { A: 0, B: 1 } as const"),
        ("\nconst enum A { B }", "const Name = { A: 0, B: 1 } as const"),
        ("\nnamespace A { export const x = 1 }", "write an object or plain functions"),
        ("class A {\n  constructor(private x: number) {} }", "set it in the constructor"),
        ("\nimport a = require('a')", "write `import ... from`"),
        ("\nexport = 1", "write `export default`"),
        ("let x = 1;\nlet y = <number>x;", "write `value as T`"),
    ] {
        let error = wrong(code);
        assert_eq!((error.r#type.as_str(), error.line), ("SyntaxError", Some(2)), "{code}: {error:?}");
        assert!(error.message.contains(instead), "{code}: {error:?}");
    }
}

#[test]
fn markup_is_refused() {
    for name in ["page.tsx", "page.jsx"] {
        let refused = jar("javascript").run_blocking(Request::new("<a/>").name(name)).unwrap_err();
        assert!(matches!(&refused, Error::Jsx { name: named } if named == name), "{refused}");
        assert!(refused.hint().is_some());
    }
}

#[test]
fn a_line_that_begins_with_a_bracket_stays_a_line() {
    assert_eq!(value("let a = [1]\ntype X = number\n;[2].map(x => a.push(x))\na.length"), "2");
    assert_eq!(value("let a = () => 0\ninterface X {}\n(1 + 1)"), "2");
    assert_eq!(value("let a = 'x'\ndeclare const b: string;\n`${a}y`"), "'xy'");
    assert_eq!(value("let a = [1] as const\n;[2].length\nlet b = a as readonly number[]\n[3].length"), "1");
    assert_eq!(value("let a = 'x' as const\n['y'].length"), "1");
    assert_eq!(value("const f = (x: number):\n  \u{1d4b3} => x; type \u{1d4b3} = number; f(1)"), "1");
    assert_eq!(value("const f = (x: number):\n  \u{6f22} => x; type \u{6f22} = number; f(2)"), "2");
    assert_eq!(value("class A { x = 1\n declare y: number\n ['z'] = 2 }\nconst a = new A(); a.x + a.z"), "3");
}

#[test]
fn odd_texts_are_read() {
    assert_eq!(value("\u{feff}let x: number = 1; x"), "1");
    assert_eq!(value("#!/usr/bin/env node\nlet x: number = 1; x"), "1");
    assert_eq!(value("'\\ud800'.length + ('\\u{10ffff}' as string).length"), "3");
    assert_eq!(
        value("let \u{e9}t\u{e9}: '\u{6f22}' | '\u{1f600}' = '\u{6f22}'; \u{e9}t\u{e9}"),
        "'\u{6f22}'"
    );
    assert_eq!(value("let x: number = 1 /* a\u{2028}b */\u{2029}x"), "1");
    assert_eq!(value("let x: '\0' = '\0'; x.length"), "1");
    assert_eq!(run("").ended, Ended::Completed);
    assert_eq!(wrong("let x\0: number").r#type, "SyntaxError");
    assert_eq!(wrong("let x: number = '\u{1f600}").line, Some(1));
}

#[test]
fn what_takes_too_long_to_read_ends_in_time() {
    let jar = jar_with("javascript", Limits { time_ms: 200, ..Limits::default() });
    for times in [12, 22, 60] {
        let session = jar.session().unwrap();
        session.run_blocking("var kept = 1").unwrap();
        let code = format!("x={}", "a<{[".repeat(times));
        let begun = Instant::now();
        let outcome = session.run_blocking(Request::new(code).name("slow.ts")).unwrap();
        let took = begun.elapsed();
        assert_eq!((outcome.ended, outcome.session), (Ended::TimeLimit, SessionState::Kept), "{outcome:#?}");
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert!((190.0..1500.0).contains(&outcome.usage.wall_ms), "{:?}", outcome.usage);
        assert_eq!(repr(&session.run_blocking("kept").unwrap()), "1");
    }
}

#[test]
fn reading_counts_as_the_run() {
    let statements = "let x: number; x = 1;".repeat(5_000);
    let jar = jar_with("javascript", Limits { cpu_ms: 150, ..Limits::default() });
    let read = jar.run_blocking(Request::new(statements.replace("let", "var")).name("a.ts")).unwrap();
    assert_eq!(read.ended, Ended::Completed, "{:?}", read.error);
    assert!(read.usage.cpu_ms > 1.0 && read.usage.wall_ms >= read.usage.cpu_ms * 0.9, "{:?}", read.usage);
    // What reading has used is not there for the code any more.
    let hard = format!("/* {} */ for (;;);", "a<{[".repeat(20_000));
    let outcome = jar.run_blocking(Request::new(hard).name("a.ts")).unwrap();
    assert_eq!(outcome.ended, Ended::TimeLimit);
    assert!(outcome.usage.cpu_ms < 400.0, "{:?}", outcome.usage);
    // Fuel counts what the engine does.
    let counted = jar_with("javascript", Limits { fuel: Some(10_000_000), ..Limits::default() });
    let counted = counted.with_grants(Grants::default().seed(1));
    let fuel = |name: &str, code: &str| {
        counted.run_blocking(Request::new(code).name(name)).unwrap().usage.fuel.unwrap()
    };
    let (typed, plain) = (fuel("a.ts", "let x: number = 1; x"), fuel("a.js", "let x         = 1; x"));
    assert!(typed.abs_diff(plain) < 1000, "{typed} and {plain} differ by more than their names do");
    assert_eq!(fuel("a.ts", "let x: ="), 0);
}

#[test]
fn reading_can_be_cancelled() {
    let token = CancelToken::new();
    let request = Request::new(format!("x={}", "a<{[".repeat(30))).name("slow.ts").cancel_with(&token);
    let cancels = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        token.cancel();
    });
    let outcome = jar("javascript").run_blocking(request).unwrap();
    cancels.join().unwrap();
    assert_eq!((outcome.ended, outcome.session), (Ended::Cancelled, SessionState::Kept));
}

#[test]
fn reading_is_paid_with_the_sessions_memory() {
    let limits = Limits { memory_bytes: 16 * MIB, ..Limits::default() };
    let session = jar_with("javascript", limits.clone()).session().unwrap();
    let run = |code: String| session.run_blocking(Request::new(code).name("a.ts")).unwrap();
    let small = run("let x: number = 1; x".to_owned());
    assert_eq!(small.ended, Ended::Completed, "{:?}", small.error);
    assert!((3 * MIB..limits.memory_bytes).contains(&small.usage.peak_memory_bytes), "{:?}", small.usage);
    let large = run("let y: number;\n".repeat(200_000));
    assert_eq!((large.ended, large.session), (Ended::MemoryLimit, SessionState::Kept), "{:?}", large.error);
    assert!(large.usage.peak_memory_bytes <= limits.memory_bytes, "{:?}", large.usage);
    assert_eq!(repr(&run("x".to_owned())), "1");
}

#[test]
fn what_is_nested_too_deep_is_an_error_of_the_code() {
    let limits = Limits { memory_bytes: 512 * MIB, time_ms: 60_000, cpu_ms: 60_000, ..Limits::default() };
    let jar = jar_with("javascript", limits);
    let deep = 100_000;
    for code in [
        "(".repeat(deep),
        "[".repeat(deep) + &"]".repeat(deep),
        "x={a:".repeat(deep),
        "!".repeat(deep) + "1",
        "let x: ".to_owned() + &"[".repeat(deep),
        "let x: ".to_owned() + &"A<".repeat(20),
        "()=>".repeat(deep),
        "a".to_owned() + &"?a:a".repeat(deep),
        "a".to_owned() + &"+a".repeat(deep),
        "`${".repeat(deep),
        "if(a)".repeat(deep),
        "function f(){".repeat(deep),
        "class A{x=".repeat(deep),
        "type T = ".to_owned() + &"keyof ".repeat(deep),
        "type T = ".to_owned() + &"a extends b ? c : ".repeat(deep),
    ] {
        let begun = Instant::now();
        let outcome = jar.run_blocking(Request::new(code.clone()).name("deep.ts")).unwrap();
        let error = outcome.error.as_ref().unwrap();
        assert_eq!(outcome.ended, Ended::Raised, "{}: {outcome:#?}", &code[..10]);
        assert!(["RangeError", "SyntaxError"].contains(&error.r#type.as_str()), "{}: {error:?}", &code[..10]);
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", &code[..10]);
    }
}

#[test]
fn the_longest_code_is_read_or_refused() {
    let longest = belljar::CODE_BYTES_MAX;
    let comment = format!("/*{}*/ let x: number = 1; x", "x".repeat(longest - 40));
    let roomy = Limits { memory_bytes: 1024 * MIB, ..Limits::default() };
    let outcome = jar_with("javascript", roomy).run_blocking(Request::new(comment).name("long.ts")).unwrap();
    assert_eq!(outcome.ended, Ended::Completed, "{:?}", outcome.error);
    let statements = "let x: number\n".repeat(longest / 14);
    let outcome = jar("javascript").run_blocking(Request::new(statements).name("long.ts")).unwrap();
    assert!(matches!(outcome.ended, Ended::MemoryLimit | Ended::TimeLimit), "{:?}", outcome.error);
    assert!(outcome.usage.peak_memory_bytes <= Limits::default().memory_bytes);
}

#[test]
fn sessions_that_fill_the_runtime_can_read() {
    let image = belljar::Image::open(&belljar::Runtime::new(1).unwrap(), "javascript").unwrap();
    let session = belljar::Jar::new(image).unwrap().session().unwrap();
    let outcome = session.run_blocking(Request::new("let x: number = 1; x").name("a.ts")).unwrap();
    assert_eq!(repr(&outcome), "1");
}

#[test]
fn the_parser_is_no_engine() {
    let refused = belljar::Jar::open("typescript").unwrap_err();
    assert!(matches!(&refused, Error::NoEngine { name } if name == "typescript"), "{refused}");
    assert!(refused.hint().unwrap().contains("javascript"));
}
