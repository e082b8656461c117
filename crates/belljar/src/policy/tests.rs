//! That a policy reads as it is meant, and that nothing asked for under one gets more than the policy allows.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::host::net;
use crate::host::net::request::HttpRequest;
use crate::host::net::rule::NetRule;
use crate::mount::Mount;

fn policy(text: &str) -> Policy {
    Policy::parse(text, "p.toml").unwrap_or_else(|error| panic!("{error}"))
}

/// Where each problem is, its key, and what to do about it.
fn problems(text: &str) -> Vec<(usize, usize, String, String)> {
    let Err(Error::Policy(problems)) = Policy::parse(text, "p.toml") else { panic!("{text:?} is refused") };
    let told =
        |problem: &PolicyProblem| (problem.line, problem.column, problem.key.clone(), problem.hint.clone());
    problems.all().iter().map(told).collect()
}

#[test]
fn nothing_is_granted_by_an_empty_policy() {
    let empty = policy("");
    assert_eq!((empty.limits(), empty.reach()), (&Limits::default(), &Reach::default()));
    assert_eq!((empty.packages(), empty.audit_file(), empty.engines()), (&Packages::default(), None, None));
    let asks = Reach { net: vec!["example.com".parse().unwrap()], ..Reach::default() };
    let refused = empty.narrow(&asks).unwrap_err().to_string();
    assert_eq!(refused, "p.toml does not allow the host example.com: no entry of `grants.net` covers it");
}

#[test]
fn amounts_are_numbers_or_have_units() {
    let named = policy("limits = { memory_bytes = \"64MiB\", time_ms = 0x10, net_bytes = 1_000, fuel = 7 }");
    let expected = Limits {
        memory_bytes: 64 << 20,
        time_ms: 16,
        cpu_ms: 16,
        net_bytes: 1000,
        fuel: Some(7),
        ..Limits::default()
    };
    assert_eq!(named.limits(), &expected);
    assert_eq!(policy("[limits]\ntime_ms = \"1s\"\ncpu_ms = 3").limits().cpu_ms, 3);
}

#[test]
fn all_that_is_wrong_is_told_with_its_place() {
    let text = "memory_bytes = 1\n[limits]\ntime = 2\nvalue_depth = 1000\n[grants]\nnet = [\"*\", \"a.example\", \"b:0\"]\nmounts = [{ source = \"x\" }]\n";
    let found = problems(text);
    let places: Vec<(usize, usize, &str)> =
        found.iter().map(|(line, column, key, _)| (*line, *column, &**key)).collect();
    let expected = [
        (1, 1, "memory_bytes"),
        (3, 1, "limits.time"),
        (4, 15, "limits.value_depth"),
        (6, 8, "grants.net[0]"),
        (6, 26, "grants.net[2]"),
        (7, 11, "grants.mounts[0]"),
    ];
    assert_eq!(places, expected);
    assert_eq!((&*found[0].3, &*found[1].3), ("it belongs into [limits]", "did you mean `time_ms`?"));
    assert!(found.iter().all(|(.., hint)| !hint.is_empty()));
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    assert_eq!(problems("a = 1\na = 2\n")[0].0, 2);
    assert_eq!(problems("[limits\ntime_ms = 1")[0].0, 1);
    assert_eq!(problems("[limits]\n[limits]\n")[0].0, 2);
    let deep = "a = ".to_owned() + &"[".repeat(10_000);
    assert!(!problems(&deep).is_empty());
    let many: String = (0..100).map(|number| format!("x{number} = 1\n")).collect();
    assert_eq!(problems(&many).len(), 20);
}

#[test]
fn a_policy_reads_as_it_is_shown() {
    let text = r#"
        [limits]
        fuel = 3
        [engines]
        allow = []
        [grants]
        mounts = ["a\tb:/c:rw", { source = "x", destination = "/x", mode = "cow", files_max = 3, unprotected = true }]
        net = ["GET@api.example.com/v1", "*.example.org"]
        tls_ca = ["ca.pem"]
        secrets = ["A@h.example:X=f", { name = "B", host = "[::1]:8443", header = "Y", variable = "C" }]
        environment = ["A=\u007f=\"x\"", "B"]
        seed = 7
        [packages]
        with = ["rich>=13"]
        allow = ["x"]
        script_metadata = true
        [audit]
        file = "audit.jsonl"

        [jail]
        required = true
    "#;
    let first = policy(text);
    assert_eq!(policy(&first.to_string()), first);
}

#[test]
fn a_secret_is_asked_for_by_what_it_is_bound_to() {
    let own = policy(
        "[grants]\nsecrets = [{ name = \"T\", host = \"h.example\", header = \"Authorization\", file = \"token\" }]",
    );
    let narrow = |text: &str| own.narrow(&Reach { secrets: vec![text.parse().unwrap()], ..Reach::default() });
    assert_eq!(narrow("T@h.example:authorization").unwrap(), *own.reach());
    assert_eq!(narrow("T@h.example:Authorization=token").unwrap(), *own.reach());
    for other in [
        "T@h.example:X-Other",
        "T@g.example:Authorization",
        "U@h.example:Authorization",
        "T@h.example:8443:Authorization",
        "T@h.example:Authorization=/etc/passwd",
    ] {
        assert!(narrow(other).is_err(), "{other}");
    }
}

#[test]
fn a_seed_is_the_policys_where_it_has_one() {
    let asks = |seed| Reach { seed: Some(seed), ..Reach::default() };
    let fixed = policy("[grants]\nseed = 7");
    assert!(fixed.narrow(&asks(7)).is_ok() && fixed.narrow(&asks(8)).is_err());
    assert_eq!(policy("").narrow(&asks(8)).unwrap().seed, Some(8));
}

/// A tree with a directory, one in it, one whose name is protected, a link that leads out, and what it leads to.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for directory in ["in/below", "in/.git/hooks", "out"] {
            fs::create_dir_all(place.path(directory)).unwrap();
        }
        std::os::unix::fs::symlink("../out", place.path("in/link")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

const DIRECTORIES: [&str; 7] =
    ["in", "in/below", "in/.git", "in/.git/hooks", "in/link", "in/below/../../out", "out"];

fn some_mount() -> impl Strategy<Value = (&'static str, MountMode, bool, u64)> {
    let modes = [MountMode::ReadOnly, MountMode::CopyOnWrite, MountMode::ReadWrite];
    (select(&DIRECTORIES[..]), select(modes.to_vec()), any::<bool>(), select(&[10, 20][..]))
}

fn mount(
    place: &Place,
    number: usize,
    (source, mode, protects, bytes): (&str, MountMode, bool, u64),
) -> Mount {
    let plain = Mount::read_only(place.path(source), format!("/m{number}")).bytes_max(bytes);
    Mount { mode, protects, ..plain }
}

/// What a mount lets happen to what lies in `target`, which has no links in its path: read it, keep changes of it, write it.
fn rights(mount: &Mount, target: &Path) -> (bool, bool, bool) {
    let source = fs::canonicalize(&mount.source).unwrap();
    let Ok(below) = target.strip_prefix(source) else { return (false, false, false) };
    let guarded = mount.protects && below.components().any(|name| name.as_os_str() == ".git");
    let (cow, rw) = (mount.mode == MountMode::CopyOnWrite, mount.mode == MountMode::ReadWrite);
    (true, (cow || rw) && !guarded, rw && !guarded)
}

const HOSTS: [&str; 9] = [
    "example.com",
    "api.example.com",
    "*.example.com",
    "*.api.example.com",
    "localhost",
    "10.0.0.5",
    "[::1]",
    "x.localhost",
    "*.b.example.com",
];
const PORTS: [&str; 4] = ["", ":443", ":80", ":8080"];
const METHODS: [&str; 4] = ["", "GET@", "GET,POST@", "DELETE@"];
const PATHS: [&str; 7] = ["", "/v1", "/v1/", "/v1/a", "/v10", "/a%2fb", "//v1"];

fn some_rule() -> impl Strategy<Value = NetRule> {
    let parts = (select(&METHODS[..]), select(&HOSTS[..]), select(&PORTS[..]), select(&PATHS[..]));
    parts.prop_filter_map("no rule", |(methods, host, port, path)| {
        format!("{methods}{host}{port}{path}").parse().ok()
    })
}

fn some_request() -> impl Strategy<Value = HttpRequest> {
    let names = [
        "example.com",
        "api.example.com",
        "a.b.example.com",
        "localhost",
        "10.0.0.5",
        "[::1]",
        "other.example",
    ];
    let methods = ["GET", "POST", "DELETE", "PURGE"];
    let ports = ["", ":80", ":8080"];
    let paths = [
        "/",
        "/v1",
        "/v1/",
        "/v1/a",
        "/v1/a/b",
        "/v10",
        "/v1/%2e%2e/x",
        "/a%2fb",
        "/a%2fb/c",
        "//v1",
        "/v1//a",
    ];
    (select(methods.to_vec()), select(names.to_vec()), select(ports.to_vec()), select(paths.to_vec()))
        .prop_map(|(method, name, port, path)| {
            let mut bytes = Vec::new();
            for (tag, text) in [(1u32, method), (2, &*format!("https://{name}{port}{path}"))] {
                bytes.extend_from_slice(&tag.to_le_bytes());
                bytes.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
            HttpRequest::read(&bytes).unwrap()
        })
}

fn matcher(rules: &[NetRule]) -> net::policy::Policy {
    let mut policy = net::policy::Policy::default();
    rules.iter().for_each(|rule| policy.add_rule(rule.clone()));
    policy
}

/// A policy that grants this and nothing else.
fn granting(reach: Reach) -> Policy {
    Policy { reach, ..policy("") }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// What the matcher of requests allows under the rules that were asked for, it allows under the policy's.
    #[test]
    fn narrowed_rules_allow_nothing_that_the_policy_refuses(
        own in prop::collection::vec(some_rule(), 1..4),
        asked in prop::collection::vec(some_rule(), 0..3),
        requests in prop::collection::vec(some_request(), 20),
        address in select(&["10.0.0.5", "127.0.0.1", "::1", "1.1.1.1"][..]),
    ) {
        let wide = granting(Reach { net: own.clone(), ..Reach::default() });
        if let Ok(narrowed) = wide.narrow(&Reach { net: asked, ..Reach::default() }) {
            let (narrow, wide) = (matcher(&narrowed.net), matcher(&own));
            let address = [address.parse().unwrap()];
            for request in &requests {
                prop_assert!(narrow.check(request).is_err() || wide.check(request).is_ok(), "{:?} under {:?}", request.url, narrowed.net);
                let reached = narrow.check(request).is_ok() && narrow.reachable(request, &address).is_ok();
                prop_assert!(!reached || wide.reachable(request, &address).is_ok(), "{:?}", request.url);
            }
        }
    }

    /// A rule covers itself, and so what was granted can always be asked for.
    #[test]
    fn a_rule_covers_itself_unless_its_path_is_read_in_two_ways(rule in some_rule()) {
        let ambiguous = rule.to_string().contains("%2f") || rule.to_string().contains("//");
        prop_assert!(rule.covers(&rule) || ambiguous, "{}", rule);
    }

    #[test]
    fn narrowed_limits_are_none_of_them_higher(own in 1u64..20_000, asked in 1u64..20_000, fuel in prop::option::of(1u64..9)) {
        let wide = Policy { limits: Limits { time_ms: own, fuel, ..Limits::default() }, ..policy("") };
        let asked = Limits { time_ms: asked, ..Limits::default() };
        match wide.narrow_limits(asked.clone()) {
            Ok(narrowed) => prop_assert!(narrowed.time_ms <= own && narrowed.fuel.is_some() == fuel.is_some()),
            Err(_) => prop_assert!(asked.time_ms > own),
        }
    }
}

/// A text that has much of a policy in it.
fn some_text() -> impl Strategy<Value = String> {
    let pieces = [
        "[limits]\n",
        "[grants]\n",
        "[engines]\n",
        "[packages]\n",
        "[audit]\n",
        "limits.",
        "time_ms",
        "memory_bytes",
        "fuel",
        "on_output_limit",
        "mounts",
        "net",
        "secrets",
        "environment",
        "seed",
        "allow",
        "with",
        "file",
        " = ",
        "= [",
        "]",
        "{ ",
        " }",
        ", ",
        "\n",
        "\"",
        "'",
        "#",
        "\\u007f",
        "\"a:/b:rw\"",
        "source = \"x\"",
        "destination = \"/y\"",
        "\"T@h:X\"",
        "\"GET@h.example/a\"",
        "\"A=1\"",
        "\"2s\"",
        "\"stop\"",
        "12",
        "-1",
        "0x1F",
        "1.5",
        "true",
        "1979-05-27",
        "é\u{202e}\t",
        "\0",
    ];
    prop::collection::vec(prop_oneof![9 => select(pieces.to_vec()).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)], 0..24)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Whatever the text, it is refused with places that are in it, or it reads as the same policy when it is written out.
    #[test]
    fn whatever_is_given_is_refused_with_its_place_or_reads_as_it_is_shown(text in some_text()) {
        match Policy::parse(&text, "p.toml") {
            Ok(policy) => prop_assert_eq!(Policy::parse(&policy.to_string(), "p.toml").unwrap(), policy),
            Err(Error::Policy(problems)) => {
                prop_assert!((1..=20).contains(&problems.all().len()));
                for problem in problems.all() {
                    prop_assert!(problem.line <= text.matches('\n').count() + 1 && !problem.hint.is_empty(), "{:?}", problem);
                    prop_assert!(!problem.to_string().is_empty());
                }
            }
            Err(other) => panic!("{other}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever can be done in a directory under the mounts that were asked for, can be under the policy's.
    #[test]
    fn narrowed_mounts_allow_nothing_that_the_policy_refuses(
        own in prop::collection::vec(some_mount(), 1..3),
        asked in prop::collection::vec(some_mount(), 1..3),
    ) {
        let place = Place::new();
        let mounts = |list: Vec<_>| list.into_iter().enumerate().map(|(number, entry)| mount(&place, number, entry)).collect::<Vec<_>>();
        let (own, asked) = (mounts(own), mounts(asked));
        let wide = granting(Reach { mounts: own.clone(), ..Reach::default() });
        if let Ok(narrowed) = wide.narrow(&Reach { mounts: asked, ..Reach::default() }) {
            for name in DIRECTORIES {
                let target = fs::canonicalize(place.path(name)).unwrap();
                for mount in &narrowed.mounts {
                    let (read, change, write) = rights(mount, &target);
                    let within = own.iter().any(|own| {
                        let (may_read, may_change, may_write) = rights(own, &target);
                        read <= may_read && change <= may_change && write <= may_write && mount.bytes_max <= own.bytes_max
                    });
                    prop_assert!(within || !read, "{mount} in {name}");
                }
            }
        }
    }
}

#[test]
fn a_mount_through_which_the_policy_could_be_changed_is_refused() {
    let place = Place::new();
    fs::write(place.path("in/policy.toml"), "[grants]\nmounts = [\".:/work/here:rw\"]\n").unwrap();
    let refused = Policy::read(place.path("in/policy.toml"))
        .unwrap()
        .narrow(&Reach::default())
        .unwrap_err()
        .to_string();
    assert!(refused.ends_with("in/policy.toml through it"), "{refused}");
    fs::write(
        place.path("out/policy.toml"),
        "[grants]\nmounts = [\"../in:/work/here:rw\"]\n[audit]\nfile = \"../in/new.jsonl\"\n",
    )
    .unwrap();
    let refused = Policy::read(place.path("out/policy.toml"))
        .unwrap()
        .narrow(&Reach::default())
        .unwrap_err()
        .to_string();
    assert!(refused.ends_with("in/new.jsonl through it"), "{refused}");
    fs::write(place.path("out/policy.toml"), "[grants]\nmounts = [\"../in/below:/work/here:rw\"]\n").unwrap();
    assert!(Policy::read(place.path("out/policy.toml")).unwrap().narrow(&Reach::default()).is_ok());
}
