//! The ladder of deep recursion (rows 19, 31, 32 and 34 of `docs/attacks.md`): every rung ends in an error of the language or in a
//! typed ending, never in a dead process, also where the calling thread has little stack of its own.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use crate::common::{jar_with, repr};
use belljar::{Ended, Jar, Limits, MIB, Outcome, SessionState};

/// How a rung must end.
#[derive(Clone, Copy, Debug)]
enum End {
    /// With this error, which the code did not catch; the session lives on.
    Raises(&'static str),
    /// With this value: the code caught the error itself, or there was none.
    Gives(&'static str),
    /// With this error, since the memory was used up; the session lives on.
    Exhausts(&'static str),
    /// The stack was used up: the session is closed, and the ending says why.
    Overflows,
}

use End::{Exhausts, Gives, Overflows, Raises};

/// What it is, the code, and how it must end.
type Rung = (&'static str, &'static str, End);

const PYTHON: &[Rung] = &[
    ("a function", "def f(n): return f(n + 1)\nf(0)", Raises("RecursionError")),
    (
        "a caught recursion",
        "def f(n):\n  try: return f(n + 1)\n  except RecursionError: return n\nf(0) > 100",
        Gives("True"),
    ),
    (
        "a method through a descriptor",
        "class A:\n  @property\n  def x(self): return self.x\nA().x",
        Raises("RecursionError"),
    ),
    (
        "attributes that ask for themselves",
        "class A:\n  def __getattr__(self, name): return getattr(self, name + 'x')\nA().y",
        Raises("RecursionError"),
    ),
    (
        "a comparison",
        "class A:\n  def __eq__(self, other): return self == other\nA() == A()",
        Raises("RecursionError"),
    ),
    ("a repr", "class A:\n  def __repr__(self): return repr(self)\nrepr(A())", Raises("RecursionError")),
    (
        "a limit without end",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1)\nf(0)",
        Exhausts("SystemError"),
    ),
    (
        "a limit without end, through C",
        "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n  def __add__(self, n): return self + n\nA() + 1",
        Raises("RecursionError"),
    ),
    ("parentheses", "eval('(' * 100_000 + ')' * 100_000)", Raises("SyntaxError")),
    ("parentheses that are still readable", "eval('(' * 200 + '1' + ')' * 200)", Gives("1")),
    ("brackets", "eval('[' * 100_000)", Raises("SyntaxError")),
    (
        "parentheses deep down",
        "def f(n): return f(n - 1) if n else eval('(' * 200 + '1' + ')' * 200)\nf(900)",
        Gives("1"),
    ),
    (
        "parentheses at the end of a comparison that recurses",
        "class A:\n  def __eq__(self, other):\n    try: return self == other\n    except RecursionError: return eval('(' * 200 + '1' + ')' * 200)\nA() == A()",
        Gives("1"),
    ),
    ("minus signs", "eval('-' * 1_000_000 + '1')", Raises("MemoryError")),
    ("nots", "eval('not ' * 100_000 + '1')", Raises("MemoryError")),
    ("a long sum", "eval('+'.join(['1'] * 100_000))", Raises("RecursionError")),
    ("a sum of three thousand", "eval('+'.join(['1'] * 3000))", Gives("3000")),
    ("powers", "eval('**'.join(['1'] * 100_000))", Raises("MemoryError")),
    ("attributes", "eval('a' + '.a' * 100_000)", Raises("RecursionError")),
    ("calls", "eval('a' + '()' * 100_000)", Raises("RecursionError")),
    ("lambdas", "eval('lambda:' * 100_000 + '1')", Raises("MemoryError")),
    ("conditions", "eval('1 if 1 else ' * 100_000 + '1')", Raises("MemoryError")),
    ("format strings", "eval(\"f'{\" * 200 + '1' + \"}'\" * 200)", Raises("SyntaxError")),
    (
        "blocks",
        "exec('\\n'.join(' ' * n + 'if 1:' for n in range(101)) + '\\n' + ' ' * 101 + 'pass')",
        Raises("IndentationError"),
    ),
    (
        "loops",
        "exec('\\n'.join(' ' * n + 'for x in y:' for n in range(40)) + '\\n' + ' ' * 40 + 'pass')",
        Raises("SyntaxError"),
    ),
    (
        "finally in finally",
        "exec('\\n'.join(' ' * n + 'try: pass\\n' + ' ' * n + 'finally:' for n in range(30)) + '\\n' + ' ' * 30 + 'pass')",
        Exhausts("MemoryError"),
    ),
    ("elifs", "exec('if 0: pass\\n' + 'elif 0: pass\\n' * 100_000)", Raises("MemoryError")),
    ("patterns", "exec('match 1:\\n case ' + '[' * 150 + '_' + ']' * 150 + ': pass')", Gives("None")),
    (
        "a tree made by hand",
        "import ast\nnode = ast.Constant(1)\nfor _ in range(100_000): node = ast.UnaryOp(ast.USub(), node)\ncompile(ast.fix_missing_locations(ast.Expression(ast.Constant(1))), 'x', 'eval') and compile(ast.Expression(node, lineno=1, col_offset=0), 'x', 'eval')",
        Raises("TypeError"),
    ),
    ("literal_eval", "import ast\nast.literal_eval('[' * 100 + ']' * 100) is not None", Gives("True")),
    ("JSON that is read", "import json\njson.loads('[' * 200_000)", Raises("RecursionError")),
    (
        "JSON that is written",
        "import json\nx = []\nfor _ in range(200_000): x = [x]\njson.dumps(x)",
        Raises("RecursionError"),
    ),
    ("JSON objects that are read", "import json\njson.loads('{\"a\":' * 200_000)", Raises("RecursionError")),
    ("a repr of lists", "x = []\nfor _ in range(200_000): x = [x]\nrepr(x)", Raises("RecursionError")),
    ("a repr of dicts", "x = {}\nfor _ in range(200_000): x = {1: x}\nrepr(x)", Raises("RecursionError")),
    (
        "lists that are compared",
        "x, y = [], []\nfor _ in range(200_000): x, y = [x], [y]\nx == y",
        Raises("RecursionError"),
    ),
    ("tuples that are hashed", "x = ()\nfor _ in range(200_000): x = (x,)\nhash(x)", Overflows),
    (
        "a pickle that is written",
        "import pickle\nx = []\nfor _ in range(200_000): x = [x]\npickle.dumps(x)",
        Raises("RecursionError"),
    ),
    (
        "a pickle that is read",
        "import pickle\nlen(pickle.loads(b'(' * 200_000 + b'N' + b't' * 200_000 + b'.'))",
        Gives("1"),
    ),
    (
        "a deep copy",
        "import copy\nx = []\nfor _ in range(200_000): x = [x]\ncopy.deepcopy(x)",
        Raises("RecursionError"),
    ),
    (
        "marshalled data that is written",
        "import marshal\nx = []\nfor _ in range(200_000): x = [x]\nmarshal.dumps(x)",
        Raises("ValueError"),
    ),
    (
        "marshalled data that is read",
        "import marshal\nmarshal.loads(b'[\\x01\\0\\0\\0' * 200_000)",
        Raises("ValueError"),
    ),
    (
        "a regular expression that is read",
        "import re\nre.compile('(' * 20_000 + ')' * 20_000)",
        Raises("RecursionError"),
    ),
    (
        "a regular expression that matches",
        "import re\nbool(re.match('(?:a|b)*c', 'a' * 1_000_000))",
        Gives("False"),
    ),
    (
        "groups in a regular expression",
        "import re\nlen(re.match('(a(b)?)*', 'ab' * 200_000).group(0))",
        Gives("400000"),
    ),
    (
        "a chain of maps",
        "x = iter([1])\nfor _ in range(200_000): x = map(lambda a: a, x)\nnext(x)",
        Overflows,
    ),
    ("a chain of C maps", "x = iter([1])\nfor _ in range(200_000): x = map(abs, x)\nnext(x)", Overflows),
    (
        "a chain of chains",
        "import itertools\nx = iter([1])\nfor _ in range(200_000): x = itertools.chain(x)\nnext(x)",
        Overflows,
    ),
    (
        "a chain of reversed views",
        "import functools\nf = abs\nfor _ in range(200_000): f = functools.partial(f)\nf(-1)",
        Gives("1"),
    ),
    (
        "partials in attributes",
        "import functools\nf = abs\nfor _ in range(200_000):\n  f = functools.partial(f)\n  f.x = 1\nf(-1)",
        Overflows,
    ),
    (
        "generators in generators",
        "def g(n):\n  yield n\n  yield from g(n + 1)\nfor n in g(0): pass",
        Raises("RecursionError"),
    ),
    (
        "a generator over a generator",
        "x = iter([1])\nfor _ in range(100_000): x = (a for a in x)\nnext(x)",
        Gives("1"),
    ),
    (
        "coroutines that await",
        "async def f(n): return await f(n + 1)\nimport asyncio\nasyncio.run(f(0))",
        Raises("RecursionError"),
    ),
    ("sorting that sorts", "def f(x): return sorted([x], key=f)\nf(1)", Raises("RecursionError")),
    (
        "a class of a class",
        "class A: pass\nfor n in range(1_000): A = type('A', (A,), {})\nissubclass(A, object)",
        Gives("True"),
    ),
    (
        "isinstance of tuples of tuples",
        "x = int\nfor _ in range(200_000): x = (x,)\nisinstance('', x)",
        Raises("RecursionError"),
    ),
    ("unions", "x = int\nfor n in range(2000): x = x | type('A', (), {})\nisinstance('', x)", Gives("False")),
    (
        "an import that imports",
        "import sys, types\nclass F:\n  def find_spec(self, name, *rest): return __import__(name + 'x')\nsys.meta_path.insert(0, F())\nimport nothing_of_that_name",
        Raises("RecursionError"),
    ),
    (
        "exceptions in exceptions",
        "def f():\n  try: f()\n  except RecursionError: raise ValueError\nf()",
        Raises("ValueError"),
    ),
    (
        "a chain of causes",
        "e = None\nfor n in range(200_000):\n  x = ValueError(n)\n  x.__cause__ = e\n  e = x\nraise e",
        Raises("ValueError"),
    ),
    (
        "groups in groups",
        "e = ValueError(1)\nfor n in range(5000): e = ExceptionGroup('g', [e])\nraise e",
        Raises("ExceptionGroup"),
    ),
    (
        "XML that is read",
        "import xml.etree.ElementTree as t\nx = t.fromstring('<a>' * 100_000 + '</a>' * 100_000)\ndel x\n1",
        Gives("1"),
    ),
    (
        "XML that is written",
        "import xml.etree.ElementTree as t\nx = t.fromstring('<a>' * 50_000 + '</a>' * 50_000)\nt.tostring(x)",
        Raises("RecursionError"),
    ),
    (
        "an expression for SQLite",
        "import sqlite3\nsqlite3.connect(':memory:').execute('select ' + '(' * 100_000 + '1' + ')' * 100_000).fetchone()",
        Gives("(1,)"),
    ),
    (
        "a class that is a dict of itself",
        "d = {}\nfor _ in range(200_000): d = {'d': d}\nd = None\n1",
        Gives("1"),
    ),
    (
        "a trace function that calls itself",
        "import sys\ndef t(*a): return t(*a)\nsys.settrace(t)\n(lambda: 1)()",
        Raises("RecursionError"),
    ),
    ("a finalizer that makes another", "class A:\n  def __del__(self): A()\nimport sys\nA()\n1", Gives("1")),
    ("formats of formats", "'{:{:{}}}'.format(1, 2, 3)", Raises("ValueError")),
    (
        "a value for the caller",
        "x = []\nfor _ in range(200_000): x = [x]\nx",
        Gives("<list object; its repr raised RecursionError>"),
    ),
];

const JAVASCRIPT: &[Rung] = &[
    ("a function", "(function f(n) { return f(n + 1) + 1 })(0)", Raises("RangeError")),
    (
        "a caught recursion",
        "let depth = 0; function f() { depth++; f(); } try { f() } catch {} depth > 100",
        Gives("true"),
    ),
    ("an arrow function", "const f = () => f() + 1; f()", Raises("RangeError")),
    ("a constructor", "class A { constructor() { new A() } } new A()", Raises("RangeError")),
    ("a getter", "const o = { get x() { return this.x } }; o.x", Raises("RangeError")),
    ("a setter", "const o = { set x(v) { this.x = v } }; o.x = 1", Raises("RangeError")),
    ("toString", "const o = { toString() { return `${this}` } }; `${o}`", Raises("RangeError")),
    ("valueOf", "const o = { valueOf() { return +this } }; +o", Raises("RangeError")),
    (
        "a proxy",
        "const p = new Proxy({}, { get(t, name, self) { return self[name] } }); p.x",
        Raises("RangeError"),
    ),
    (
        "a chain of proxies",
        "let p = {}; for (let n = 0; n < 200000; n++) p = new Proxy(p, {}); p.x",
        Raises("RangeError"),
    ),
    (
        "a chain of prototypes",
        "let o = {}; for (let n = 0; n < 100000; n++) o = Object.create(o); o.x === undefined",
        Gives("true"),
    ),
    (
        "a chain of bound functions",
        "let f = () => 1; for (let n = 0; n < 200000; n++) { f = f.bind(); Object.defineProperty(f, 'name', { value: '' }) } f()",
        Raises("RangeError"),
    ),
    ("apply", "function f() { return f.apply(null, [1]) } f()", Raises("RangeError")),
    ("Reflect.construct", "function f() { return Reflect.construct(f, []) } f()", Raises("RangeError")),
    ("generators in generators", "function* g() { yield* g() } [...g()]", Raises("RangeError")),
    ("async functions", "async function f() { await f() } await f()", Raises("RangeError")),
    ("a callback of sort", "function f() { [2, 1].sort(f) } f()", Raises("RangeError")),
    ("a callback of map", "function f() { return [1].map(f) } f()", Raises("RangeError")),
    ("a callback of replace", "function f() { return 'a'.replace(/a/, f) } f()", Raises("RangeError")),
    ("JSON that is read", "JSON.parse('['.repeat(200000))", Raises("RangeError")),
    ("JSON objects that are read", "JSON.parse('{\"a\":'.repeat(200000))", Raises("RangeError")),
    (
        "JSON that is written",
        "let x = []; for (let n = 0; n < 200000; n++) x = [x]; JSON.stringify(x)",
        Raises("RangeError"),
    ),
    (
        "JSON that is written and still writable",
        "let x = []; for (let n = 0; n < 9999; n++) x = [x]; JSON.stringify(x).length",
        Gives("20000"),
    ),
    (
        "toJSON",
        "const o = { toJSON() { return JSON.stringify(o) } }; JSON.stringify(o)",
        Raises("RangeError"),
    ),
    ("a reviver", "function f() { JSON.parse('1', f) } f()", Raises("RangeError")),
    ("flat", "let x = []; for (let n = 0; n < 200000; n++) x = [x]; x.flat(Infinity)", Raises("RangeError")),
    ("join", "let x = []; for (let n = 0; n < 200000; n++) x = [x]; String(x)", Raises("RangeError")),
    (
        "structuredClone",
        "let x = []; for (let n = 0; n < 200000; n++) x = [x]; structuredClone(x)",
        Raises("RangeError"),
    ),
    (
        "a value for the caller",
        "let x = []; for (let n = 0; n < 200000; n++) x = [x]; x",
        Gives("[\n  [\n    [ [ [ [Array] ] ] ]\n  ]\n]"),
    ),
    ("console.log", "let x = []; for (let n = 0; n < 200000; n++) x = [x]; console.log(x); 1", Gives("1")),
    ("parentheses", "(0, eval)('('.repeat(100000))", Raises("RangeError")),
    ("brackets", "(0, eval)('['.repeat(100000))", Raises("RangeError")),
    ("objects", "(0, eval)('x=' + '{a:'.repeat(100000))", Raises("SyntaxError")),
    ("minus signs", "(0, eval)('- '.repeat(100000) + '1')", Raises("RangeError")),
    ("arrows", "(0, eval)('()=>'.repeat(100000) + '1')", Raises("SyntaxError")),
    ("functions", "(0, eval)('function f(){'.repeat(100000))", Raises("SyntaxError")),
    ("blocks", "(0, eval)('{'.repeat(100000))", Raises("RangeError")),
    ("ifs", "(0, eval)('if(1)'.repeat(100000) + '1')", Raises("RangeError")),
    ("templates", "(0, eval)('`${'.repeat(100000))", Raises("RangeError")),
    ("news", "(0, eval)('new '.repeat(100000) + 'x')", Raises("RangeError")),
    ("conditions", "(0, eval)('1?'.repeat(100000) + '1' + ':1'.repeat(100000))", Raises("RangeError")),
    (
        "patterns",
        "(0, eval)('var ' + '['.repeat(100000) + 'a' + ']'.repeat(100000) + '=1')",
        Raises("SyntaxError"),
    ),
    ("a long sum", "(0, eval)('1' + '+1'.repeat(100000))", Gives("100001")),
    ("parentheses in the program itself", "@('(' x 100000)", Raises("RangeError")),
    ("Function", "new Function('('.repeat(100000))", Raises("RangeError")),
    ("eval in eval", "function f() { eval('f()') } f()", Raises("RangeError")),
    (
        "a regular expression that is read",
        "new RegExp('('.repeat(100000) + ')'.repeat(100000))",
        Raises("SyntaxError"),
    ),
    ("groups in a regular expression", "'ab'.repeat(200000).match(/(a(b)?)*/)[0].length", Gives("400000")),
    ("alternatives in a regular expression", "/^(?:a|b)*c/.test('a'.repeat(1000000))", Gives("false")),
    (
        "a rope of texts",
        "let s = ''; for (let n = 0; n < 20000; n++) s = 'a' + s + 'b'; s.length",
        Gives("40000"),
    ),
    (
        "errors in errors",
        "let e; for (let n = 0; n < 200000; n++) e = new Error('e', { cause: e }); throw e",
        Raises("Error"),
    ),
    (
        "a list that is taken apart",
        "let l = null; for (let n = 0; n < 500000; n++) l = { l }; l = null; 1",
        Gives("1"),
    ),
    ("many arguments", "Math.max(...Array(500000).fill(1))", Raises("RangeError")),
    (
        "promises in promises",
        "let p = Promise.resolve(1); for (let n = 0; n < 100000; n++) { const q = p; p = new Promise((done) => done(q)); } await p",
        Gives("1"),
    ),
    (
        "an iterator that closes itself",
        "const it = { [Symbol.iterator]() { return it }, next() { const [a] = it; return { done: false } } }; const [a] = it",
        Raises("RangeError"),
    ),
    (
        "instanceof",
        "class A { static [Symbol.hasInstance](x) { return x instanceof A } } 1 instanceof A",
        Raises("RangeError"),
    ),
    ("a URL of many parts", "new URL('http://x/' + 'a/../'.repeat(100000)).pathname", Gives("'/'")),
];

const MICROJS: &[Rung] = &[
    ("a function", "function f(n) { return f(n + 1) + 1 } f(0)", Raises("RangeError")),
    ("parentheses", "eval(Array(100000).join('('))", Raises("SyntaxError")),
    ("brackets", "eval(Array(100000).join('['))", Raises("SyntaxError")),
    ("JSON that is read", "JSON.parse(Array(100000).join('['))", Raises("SyntaxError")),
    (
        "a regular expression that is read",
        "new RegExp(Array(100000).join('(') + Array(100000).join(')'))",
        Raises("SyntaxError"),
    ),
];

fn jar_of(image: &str) -> Jar {
    let limits = Limits { time_ms: 60_000, cpu_ms: 60_000, memory_bytes: 512 * MIB, ..Limits::default() };
    jar_with(image, limits)
}

fn code_of(rung: &Rung) -> String {
    // The program itself, where it is the parser of the program that is to be tried.
    if rung.1 == "@('(' x 100000)" { "(".repeat(100_000) } else { rung.1.to_owned() }
}

fn difference(rung: &Rung, outcome: &Outcome) -> Option<String> {
    let (what, _, end) = rung;
    let error = outcome.error.as_ref().map(|error| error.r#type.as_str());
    let value = outcome.value.as_ref().map(|value| value.repr.as_str());
    let right = match end {
        Raises(name) => {
            outcome.ended == Ended::Raised && error == Some(name) && outcome.session == SessionState::Kept
        }
        Exhausts(name) => {
            outcome.ended == Ended::MemoryLimit
                && error == Some(name)
                && outcome.session == SessionState::Kept
        }
        Gives(text) => outcome.ended == Ended::Completed && value.unwrap_or("None") == *text,
        Overflows => {
            let ending = (outcome.ended, error, outcome.session);
            ending == (Ended::MemoryLimit, Some("StackOverflow"), SessionState::Closed)
        }
    };
    let told = format!("{:?}, error {error:?}, value {value:?}, {:?}", outcome.ended, outcome.session);
    (!right).then(|| format!("  {what}: must be {end:?}, but is {told}\n"))
}

fn climb(image: &str, ladder: &[Rung]) {
    let jar = jar_of(image);
    let bystander = jar.session().unwrap();
    bystander.run_blocking("x = 41").unwrap();
    let mut differences = String::new();
    for rung in ladder {
        let outcome = jar.run_blocking(code_of(rung)).unwrap();
        differences += &difference(rung, &outcome).unwrap_or_default();
        let kept = bystander.run_blocking("x + 1").unwrap();
        assert_eq!(repr(&kept), "42", "{image}: after {}", rung.0);
    }
    assert!(differences.is_empty(), "{image}\n{differences}");
}

/// The stack of guest code is not the stack of the thread that runs it: 512 KiB are enough for the host.
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(work).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn python_recurses_into_errors() {
    climb("python", PYTHON);
}

#[test]
fn python_recurses_into_errors_on_a_small_stack() {
    on_small_stack(|| climb("python", PYTHON));
}

#[test]
fn javascript_recurses_into_errors() {
    climb("javascript", JAVASCRIPT);
}

#[test]
fn javascript_recurses_into_errors_on_a_small_stack() {
    on_small_stack(|| climb("javascript", JAVASCRIPT));
}

#[test]
fn microjs_recurses_into_errors() {
    climb("microjs", MICROJS);
}

#[test]
fn microjs_recurses_into_errors_on_a_small_stack() {
    on_small_stack(|| climb("microjs", MICROJS));
}

/// In one session: an error from deep down leaves nothing behind that the next one would stumble over.
#[test]
fn a_session_can_recurse_again_and_again() {
    for (image, code, error) in [
        ("python", "def f(n): return f(n + 1)\nf(0)", "RecursionError"),
        ("javascript", "(function f(n) { return f(n + 1) + 1 })(0)", "RangeError"),
    ] {
        let session = jar_of(image).session().unwrap();
        for _ in 0..20 {
            assert_eq!(session.run_blocking(code).unwrap().error.unwrap().r#type, error, "{image}");
        }
        assert_eq!(repr(&session.run_blocking("6 * 7").unwrap()), "42", "{image}");
    }
}
