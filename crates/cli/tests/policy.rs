//! `--policy`, `BELLJAR_POLICY`, `belljar policy`: what a policy allows holds for every verb, and what is wrong with one is told with its place.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use std::fs;
use std::process::Stdio;

use program::{Folder, Gave, belljar, run, run_with};
use serde_json::Value;

/// A folder with a directory `src`, and a policy.
fn policy(name: &str, text: &str) -> (Folder, String) {
    let folder = Folder::new(name);
    fs::create_dir(folder.path().join("src")).unwrap();
    folder.file("src/a.txt", "one");
    let file = folder.file("policy.toml", text);
    (folder, file)
}

/// Runs JavaScript under a policy.
fn run_under(policy: &str, flags: &[&str], code: &str) -> Gave {
    run([&["run", "--engine", "javascript", "--policy", policy, "-p", "-c", code], flags].concat())
}

#[test]
fn limits_and_grants_of_a_policy_hold_and_flags_ask_for_less() {
    let text = "[limits]\ntime_ms = \"5s\"\nmemory_bytes = \"64MiB\"\n[engines]\nallow = [\"javascript\", \"python\"]\n[grants]\nmounts = [\"src:/work/src:cow\"]\nenvironment = [\"LANG=C\", \"TZ\"]\n";
    let (folder, file) = policy("policy-narrow", text);
    let allows = |flags: &[&str], code: &str, shown: &str| {
        let gave = run_under(&file, flags, code);
        assert_eq!((gave.code, gave.stdout.trim()), (Some(0), shown), "{gave:?}");
    };
    allows(&[], "process.env.LANG + process.env.TZ", "'Cundefined'");
    allows(&["--env", "TZ=UTC"], "process.env.LANG + process.env.TZ", "'undefinedUTC'");
    let source = folder.path().join("src");
    let narrower = format!("{}:/data:ro", source.display());
    let listing = "import os\nprint(os.path.exists('/data/a.txt'), os.path.exists('/work/src/a.txt'))";
    let gave = run(["run", "--policy", &file, "--time", "4s", "--mount", &narrower, "-c", listing]);
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(0), "True False\n"), "{gave:?}");

    let refused = |flags: &[&str], what: &str| {
        run_under(&file, flags, "1").refused(&format!("{file} does not allow {what}"))
    };
    refused(&["--time", "6s"], "time_ms = 6000: `limits.time_ms` is 5000");
    refused(&["--memory", "65MiB"], "memory_bytes = 68157440: `limits.memory_bytes` is 67108864");
    refused(&["--allow-net", "example.com"], "the host example.com: no entry of `grants.net` covers it");
    let wider = format!("{}:/data:rw", source.display());
    refused(&["--mount", &wider], &format!("the mount {wider}: no entry of `grants.mounts` covers it"));
    refused(&["--mount", "/etc:/data"], "the mount /etc:/data:ro: no entry of `grants.mounts` covers it");
    refused(&["--tls-ca", "/etc/hosts"], "certificates of /etc/hosts: no entry of `grants.tls_ca` covers it");
    let secret = "T@h.example:X=/etc/hosts";
    refused(
        &["--secret", secret],
        "the secret T@h.example:443:x=/etc/hosts: no entry of `grants.secrets` covers it",
    );
    run(["run", "--policy", &file, "--engine", "microjs", "-c", "1"])
        .refused(&format!("{file} does not allow the engine microjs: `engines.allow` does not name it"));
    run_under(&file, &["--env", "HOME=/"], "1")
        .refused("the variable HOME is not granted: no entry of `grants.environment` names it");
    run_under(&file, &["--env", "LANG=D"], "1")
        .refused("the variable LANG cannot be changed: `grants.environment` says what it is");
}

#[test]
fn code_under_a_policy_is_told_what_would_grant_it() {
    let (_folder, file) = policy("policy-advice", "");
    let gave = run_under(&file, &[], "await fetch('https://example.com/')");
    assert_eq!(gave.code, Some(1));
    assert!(
        gave.stderr.contains("is not granted; `grants.net` of the policy would have to name example.com"),
        "{gave:?}"
    );
}

#[test]
fn a_link_leads_out_of_no_granted_directory() {
    let (folder, file) = policy("policy-link", "[grants]\nmounts = [\"src:/work/src:rw\"]\n");
    std::os::unix::fs::symlink("/etc", folder.path().join("src/link")).unwrap();
    fs::create_dir(folder.path().join("src/.git")).unwrap();
    for (name, mode) in [("src/link", "ro"), ("src/../..", "ro"), ("src/.git", "rw"), ("src/nothing", "ro")] {
        let mount = format!("{}:/data:{mode}", folder.path().join(name).display());
        let gave = run_under(&file, &["--mount", &mount], "1");
        gave.refused(&format!(
            "{file} does not allow the mount {mount}: no entry of `grants.mounts` covers it"
        ));
    }
}

#[test]
fn the_environment_names_a_policy_that_no_flag_replaces() {
    let (folder, file) = policy("policy-environment", "[limits]\noutput_bytes = 10\n");
    let other = folder.file("other.toml", "");
    let under = |value: &str, arguments: &[&str]| -> Gave {
        let arguments = [&["run", "--engine", "javascript", "-c", "1"], arguments].concat();
        belljar().args(arguments).env("BELLJAR_POLICY", value).stdin(Stdio::null()).output().unwrap().into()
    };
    under(&file, &["--output", "11"])
        .refused(&format!("{file} does not allow output_bytes = 11: `limits.output_bytes` is 10"));
    assert_eq!(under(&file, &["--policy", &file]).code, Some(0));
    under(&file, &["--policy", &other])
        .refused(&format!("BELLJAR_POLICY names {file} already; --policy cannot replace it"));
    under("", &[]).refused("BELLJAR_POLICY is set, and names no file");
    under("/no/such/policy.toml", &[]).refused("cannot read /no/such/policy.toml: no such file or directory");
    let mut repl = belljar();
    repl.args(["repl", "--engine", "javascript", "--time", "1m"]).env("BELLJAR_POLICY", &file);
    Gave::from(repl.stdin(Stdio::null()).output().unwrap())
        .refused(&format!("{file} does not allow time_ms = 60000: `limits.time_ms` is 10000"));
}

#[test]
fn a_request_as_a_line_can_only_ask_for_less() {
    let text =
        "[limits]\ntime_ms = 3000\n[engines]\nallow = [\"javascript\"]\n[grants]\nenvironment = [\"A=1\"]\n";
    let (_folder, file) = policy("policy-jsonl", text);
    let lines = [
        r#"{"id":1,"op":"run","code":"process.env.A","limits":{"time_ms":2000}}"#,
        r#"{"id":2,"op":"run","code":"1","limits":{"time_ms":3001}}"#,
        r#"{"id":3,"op":"run","code":"1","engine":"python"}"#,
        r#"{"id":4,"op":"run","code":"1","environment":{"B":"2"}}"#,
    ];
    let input = lines.join("\n");
    let gave = run_with(input.as_bytes(), &["run", "--jsonl", "--engine", "javascript", "--policy", &file]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    let answers: Vec<Value> = gave.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answer = |id: u64| answers.iter().find(|answer| answer["id"] == id).unwrap();
    assert_eq!(answer(1)["outcome"]["value"]["repr"], "'1'");
    let message = |id: u64| answer(id)["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert_eq!(message(2), "the request asks for time_ms = 3001, but the jar allows 3000");
    assert_eq!(
        message(3),
        format!("{file} does not allow the engine python: `engines.allow` does not name it")
    );
    assert_eq!(message(4), "the variable B is not granted: no entry of `grants.environment` names it");
}

/// A policy, what is said of it behind the name of its file, and what to do.
const WRONG: [(&str, &str, &str); 18] = [
    ("[limit]\n", "1:2: there is no key `limit` at the top of a policy", "did you mean `limits`?"),
    (
        "[limits]\nmemory = \"1GB\"\n",
        "2:1: there is no key `memory` in [limits]",
        "did you mean `memory_bytes`?",
    ),
    (
        "[limits]\ncolour = 1\n",
        "2:1: there is no key `colour` in [limits]",
        "there are memory_bytes, time_ms, cpu_ms, fuel, output_bytes, on_output_limit, value_bytes, value_depth, files_bytes, files_count, files_depth, open_files, host_calls, net_requests, net_bytes, tool_calls",
    ),
    ("time_ms = 1\n", "1:1: there is no key `time_ms` at the top of a policy", "it belongs into [limits]"),
    (
        "[limits]\ntime_ms = true\n",
        "2:11: `limits.time_ms` is true or false, and must be a whole number or text in quotes",
        "write `time_ms` as a whole number or text in quotes",
    ),
    (
        "[limits]\ntime_ms = \"soon\"\n",
        "2:11: `limits.time_ms` is \"soon\", which is no time",
        "write a time as 500ms, 2s, 1.5s or 1m",
    ),
    (
        "[limits]\ntime_ms = 0\n",
        "2:11: time_ms is 0, but must be from 1 to 86400000",
        "give it from 1 to 86400000",
    ),
    (
        "[limits]\nopen_files = -1\n",
        "2:14: `limits.open_files` is -1, but must be from 0 to 4294967295",
        "give a whole number in that range",
    ),
    (
        "[limits]\non_output_limit = \"halt\"\n",
        "2:19: `limits.on_output_limit` cannot be \"halt\"",
        "it is one of cut, stop",
    ),
    (
        "[grants]\nnet = \"example.com\"\n",
        "2:7: `grants.net` is text in quotes, and must be a list in brackets",
        "write `net` as a list in brackets",
    ),
    (
        "[grants]\nnet = [\"*.com\"]\n",
        "2:8: the network rule \"*.com\" would match names of everybody; name at least one more label",
        "write HOST, HOST:PORT, *.HOST or GET,HEAD@HOST/PATH",
    ),
    (
        "[grants]\nmounts = [\"src\"]\n",
        "2:11: cannot mount src: it does not say where the directory is to appear",
        "write SRC:DST:MODE, for example src:/work/src:cow; the mode is ro, rw or cow",
    ),
    (
        "[grants]\nmounts = [{ source = \"src\" }]\n",
        "2:11: `grants.mounts[0]` lacks destination",
        "`belljar policy schema` says what it needs",
    ),
    (
        "[grants]\nsecrets = [\"TOKEN\"]\n",
        "2:12: the secret \"TOKEN\" names no host",
        "write NAME@HOST:HEADER, for example API_TOKEN@api.example.com:Authorization",
    ),
    ("[grants]\nenvironment = [\"=1\"]\n", "2:16: \"=1\" is no variable", "write NAME=VALUE, or NAME"),
    (
        "[packages]\nwith = [\"--index-url=x\"]\n",
        "2:9: \"--index-url=x\" is no requirement",
        "write a name and perhaps versions: rich>=13",
    ),
    ("a = 1\na = 2\n", "2:1: duplicate key", "keep one of them"),
    ("[limits\n", "1:8: unclosed table, expected `]`", "write TOML: [table], key = \"text\", key = [1, 2]"),
];

#[test]
fn what_is_wrong_is_told_with_file_line_column_and_key() {
    for (text, says, hint) in WRONG {
        let (_folder, file) = policy("policy-wrong", text);
        for arguments in [&["policy", "check", &file][..], &["run", "--policy", &file, "-c", "1"]] {
            let gave = run(arguments);
            assert_eq!((gave.code, gave.stdout.as_str()), (Some(125), ""), "{gave:?}");
            assert!(gave.stderr.starts_with(&format!("error: {file}:{says}\n")), "{says}: {gave:?}");
            assert!(gave.stderr.trim_end().ends_with(&format!("hint: {hint}")), "{hint}: {gave:?}");
        }
    }
}

#[test]
fn several_mistakes_are_told_at_once_also_as_json() {
    let (_folder, file) = policy("policy-several", "[limits]\nmemry_bytes = 1\ntime_ms = \"x\"\n");
    let gave = run(["policy", "check", "--json", &file]);
    assert_eq!(gave.code, Some(125));
    let told: Value = serde_json::from_str(&gave.stdout).unwrap();
    let places: Vec<(u64, u64, &str)> = told["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            (
                problem["line"].as_u64().unwrap(),
                problem["column"].as_u64().unwrap(),
                problem["key"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(places, [(2, 1, "limits.memry_bytes"), (3, 11, "limits.time_ms")]);
    assert_eq!(run(["policy", "check", &file]).stderr.matches("error: ").count(), 2);
}

#[test]
fn a_file_that_is_no_policy_is_refused() {
    let folder = Folder::new("policy-no");
    let check = |file: &str| run(["policy", "check", file]);
    check("/no/such").refused("cannot read /no/such: no such file or directory");
    check("/dev/zero").refused("/dev/zero has more than 1048576 bytes");
    check(folder.path().to_str().unwrap())
        .refused_somehow(&format!("cannot read {}: is a directory", folder.path().display()));
    let gave = check(&folder.file("bytes.toml", b"[limits]\n# caf\xe9\n"));
    assert!(gave.stderr.contains("bytes.toml:2:6: it is not UTF-8 from here on"), "{gave:?}");
    let nested = folder.file("nested.toml", "a = ".to_owned() + &"[".repeat(100_000));
    assert_eq!(check(&nested).code, Some(125));
    run(["policy", "check"]).refused("there is no policy to check");
}

#[test]
fn what_is_not_on_this_machine_is_noted_by_the_check_and_refused_by_the_run() {
    let text = "[grants]\nmounts = [\"nowhere:/data\"]\nsecrets = [\"NO_SUCH_VARIABLE@h.example:X-Key\"]\ntls_ca = [\"no.pem\"]\n";
    let (folder, file) = policy("policy-missing", text);
    let gave = run(["policy", "check", &file]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    let place = folder.path().display();
    for what in [
        format!("the directory {place}/nowhere (grants.mounts)"),
        format!("the file {place}/no.pem (grants.tls_ca)"),
        "the value of the secret NO_SUCH_VARIABLE@h.example:443:x-key (grants.secrets)".to_owned(),
    ] {
        assert!(
            gave.stderr.contains(&format!("note: not on this machine now: {what}\n")),
            "{what}: {gave:?}"
        );
    }
    run_under(&file, &[], "1")
        .refused("there is no variable NO_SUCH_VARIABLE here, which is to hold the secret NO_SUCH_VARIABLE");
}

#[test]
fn the_example_is_a_policy_under_which_the_example_runs() {
    let example = |name: &str| format!("{}/../../examples/editing/{name}", env!("CARGO_MANIFEST_DIR"));
    let gave = run(["policy", "check", &example("policy.toml")]);
    assert_eq!((gave.code, gave.stderr.as_str()), (Some(0), ""), "{gave:?}");
    let gave = run(["run", "--policy", &example("policy.toml"), "--diff", &example("rename.py")]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    assert!(gave.stdout.contains("+def with_vat(net):"), "{gave:?}");
}
