//! `--audit`: lines that can be read, in a file of the operator's, and no code without it. And what is sent to a collector of OpenTelemetry.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use belljar::{AuditEvent, AuditKind, Decision};
use program::{Folder, Gave, belljar, on_small_disk, run, run_with};

fn lines(file: &str) -> Vec<AuditEvent> {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.ends_with('\n'), "the last line is whole");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kinds(events: &[AuditEvent]) -> Vec<AuditKind> {
    events.iter().map(|event| event.kind).collect()
}

#[test]
fn every_use_and_refusal_is_a_line() {
    let folder = Folder::new("audit");
    let file = folder.path().join("audit.jsonl").to_str().unwrap().to_owned();
    let ask = "try { await fetch('https://example.com/a?key=hidden') } catch (error) {}";
    let audited = |code: &str| run(["run", "--engine", "javascript", "--audit", &file, "-c", code]);
    assert_eq!(audited(ask).code, Some(0));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    use AuditKind::{Net, RunBegin, RunEnd, SessionBegin, SessionEnd};
    let first = lines(&file);
    assert_eq!(kinds(&first), [SessionBegin, RunBegin, Net, RunEnd, SessionEnd]);
    assert_eq!(
        (first[2].decision, first[2].target.as_str()),
        (Decision::Refused, "GET https://example.com/a")
    );
    assert!(first.iter().all(|event| event.session == first[0].session));
    // More is appended.
    assert_eq!(audited("1").code, Some(0));
    let both = lines(&file);
    assert_eq!((both.len(), &both[..5]), (9, &first[..]));
    assert_ne!(both[5].session, first[0].session);
}

#[test]
fn a_policy_can_demand_it_and_its_refusals_are_lines_too() {
    let folder = Folder::new("audit-policy");
    let policy = folder.file("policy.toml", "[audit]\nfile = \"audit.jsonl\"\n");
    assert_eq!(run(["run", "--engine", "javascript", "--policy", &policy, "-c", "1"]).code, Some(0));
    let gave =
        run(["run", "--engine", "javascript", "--policy", &policy, "--allow-net", "example.com", "-c", "1"]);
    assert_eq!(gave.code, Some(125));
    let events = lines(folder.path().join("audit.jsonl").to_str().unwrap());
    let last = events.last().unwrap();
    assert_eq!(
        (last.kind, last.decision, last.target.as_str()),
        (AuditKind::Policy, Decision::Refused, "the host example.com")
    );
    assert_eq!((last.details["policy"].as_str(), last.session.as_ref()), (Some(policy.as_str()), None));
}

#[test]
fn sessions_of_requests_are_told_apart() {
    let folder = Folder::new("audit-jsonl");
    let file = folder.path().join("audit.jsonl").to_str().unwrap().to_owned();
    let lines_in = "{\"id\":1,\"op\":\"run\",\"session\":\"a\",\"code\":\"1\"}\n{\"id\":2,\"op\":\"run\",\"session\":\"b\",\"code\":\"1\"}\n{\"id\":3,\"op\":\"run\",\"session\":\"a\",\"code\":\"2\"}\n";
    let gave = run_with(lines_in.as_bytes(), &["run", "--jsonl", "--engine", "javascript", "--audit", &file]);
    assert_eq!(gave.code, Some(0), "{gave:?}");
    let events = lines(&file);
    let count = |kind: AuditKind| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!(
        (count(AuditKind::SessionBegin), count(AuditKind::RunEnd), count(AuditKind::SessionEnd)),
        (2, 3, 2)
    );
}

#[test]
fn no_code_runs_that_cannot_be_written_down() {
    let told =
        |file: &str| run(["run", "--engine", "javascript", "--audit", file, "-c", "console.log('ran')"]);
    told("/no/such/folder/audit.jsonl")
        .refused_somehow("cannot open the audit file /no/such/folder/audit.jsonl: ");
    told("/").refused_somehow("cannot open the audit file /: is a directory");
    told("/dev/full")
        .refused("cannot write the audit file /dev/full, so nothing goes on: no space left on device");
    let folder = Folder::new("audit-mount");
    let file = folder.path().join("audit.jsonl").display().to_string();
    let mount = format!("{}:/data:rw", folder.path().display());
    let gave = run(["run", "--engine", "javascript", "--audit", &file, "--mount", &mount, "-c", "1"]);
    gave.refused(&format!("code could change the audit file {file} through the mount {mount}"));
}

#[test]
fn a_disk_that_fills_up_stops_the_run() {
    let folder = Folder::new("audit-disk");
    let (disk, data) = (folder.path().join("disk"), folder.path().join("data"));
    fs::create_dir(&disk).unwrap();
    fs::create_dir(&data).unwrap();
    fs::write(data.join("a"), "1").unwrap();
    let program = folder.file("flood.py", "print('began', flush=True)\nfor _ in range(1000): open('/data/a').close()\nprint('came to its end')\n");
    let (command, env) = (belljar(), |name| std::env::var(name).unwrap_or_default());
    let script = format!(
        "HOME='{}' XDG_CACHE_HOME='{}' '{}' run --audit '{}/audit.jsonl' --mount '{}:/data' '{program}'",
        env("HOME"),
        env("XDG_CACHE_HOME"),
        command.get_program().to_str().unwrap(),
        disk.display(),
        data.display(),
    );
    let Some(gave) = on_small_disk(&disk, 16 * 1024, &script) else { return };
    assert_eq!((gave.code, gave.stdout.as_str()), (Some(125), "began\n"), "{gave:?}");
    assert!(gave.stderr.contains("so nothing goes on: no space left on device"), "{gave:?}");
}

/// A collector: what it was sent, as path and body.
fn collector(answers: bool) -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (sender, sent) = channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            if !answers {
                kept.push(stream);
                continue;
            }
            let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
            let whole = |bytes: &[u8]| {
                let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
                let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
                let length = text
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok())?;
                (bytes.len() >= head + 4 + length).then_some(head)
            };
            while whole(&bytes).is_none() {
                match stream.read(&mut piece) {
                    Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
                    _ => break,
                }
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
            if sender.send((path, text)).is_err() {
                break;
            }
        }
    });
    (endpoint, sent)
}

fn run_sending(variables: &[(&str, &str)], code: &str) -> (Gave, Duration) {
    let mut command = belljar();
    command
        .args(["run", "--engine", "javascript", "-c", code])
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    let began = Instant::now();
    let gave = command.output().unwrap().into();
    (gave, began.elapsed())
}

#[test]
fn a_collector_gets_the_spans_and_every_event() {
    let (endpoint, sent) = collector(true);
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=abc"),
        ("OTEL_SERVICE_NAME", "shop"),
    ];
    let (gave, _) = run_sending(
        &variables,
        "try { await fetch('https://example.com/') } catch (error) {}\nconsole.log('ran')",
    );
    assert_eq!((gave.code, gave.stdout.as_str(), gave.stderr.as_str()), (Some(0), "ran\n", ""), "{gave:?}");
    let sent: Vec<(String, String)> = sent.try_iter().collect();
    let all = |path: &str| {
        sent.iter().filter(|(to, _)| to == path).map(|(_, text)| text.as_str()).collect::<String>()
    };
    let (traces, logs) = (all("/v1/traces"), all("/v1/logs"));
    for part in ["run", "session", "belljar.ended", "completed", "shop", "x-key: abc"] {
        assert!(traces.contains(part), "{part} is not in {traces}");
    }
    for part in
        ["net refused: GET https://example.com/", "belljar.session", "is not granted", "run_end", "shop"]
    {
        assert!(logs.contains(part), "{part} is not in {logs}");
    }
}

#[test]
fn a_collector_that_is_not_there_or_never_answers_costs_a_bounded_time_and_no_run() {
    let (silent, _kept) = collector(false);
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    for endpoint in [silent, format!("http://{free}"), "nonsense".to_owned()] {
        let (gave, took) = run_sending(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)], "console.log('ran')");
        assert_eq!((gave.code, gave.stdout.as_str()), (Some(0), "ran\n"), "{gave:?}");
        assert!(
            gave.stderr.starts_with("note: telemetry is not sent: ") && gave.stderr.lines().count() == 1,
            "{gave:?}"
        );
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
    let grpc =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let (gave, _) = run_sending(&grpc, "1");
    assert_eq!(
        (gave.code, gave.stderr.as_str()),
        (
            Some(0),
            "note: telemetry is not sent: OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and only http/protobuf is spoken\n"
        )
    );
    let off = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), ("OTEL_SDK_DISABLED", "true")];
    assert_eq!(run_sending(&off, "1").0.stderr, "");
}
