//! Attacks on the network (`docs/attacks.md`, rows 65 to 75 and 81): against real servers, whose names the test gives out.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use crate::server;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::common::{Twins, jar, jar_with};
use belljar::{Ended, Grants, Limits, Outcome, Request};
use server::{Authority, LOOPBACK, Names, Server, answer, ok, rule};

/// Code in each language that fetches `url` and prints what came, or what was said instead.
const FETCH: Twins = [
    (
        "python",
        "import urllib.request\ntry: print(urllib.request.urlopen(url).read().decode())\nexcept Exception as error: print(error)",
    ),
    (
        "javascript",
        "await fetch(url).then((answer) => answer.text()).then(console.log, (error) => console.log(error.message))",
    ),
];

fn run(image: &str, grants: &Grants, code: &str, url: &str) -> Outcome {
    let jar = jar(image).with_grants(grants.clone());
    jar.run_blocking(Request::new(code).input("url", format!("{url:?}"))).unwrap()
}

/// Every language is refused with this text.
#[track_caller]
fn refused(grants: &Grants, url: &str, text: &str) {
    for (image, code) in FETCH {
        let outcome = run(image, grants, code, url);
        assert!(outcome.stdout.to_string().contains(text), "{image}, {url}: {outcome:#?}");
    }
}

#[track_caller]
fn fetched(grants: &Grants, url: &str, body: &str) {
    for (image, code) in FETCH {
        assert_eq!(run(image, grants, code, url).stdout, format!("{body}\n").as_str(), "{image}, {url}");
    }
}

/// Row 65, and row 72: nothing is looked up for what is not granted.
#[test]
fn without_a_grant_there_is_no_network_and_no_name_is_looked_up() {
    let names = Names::new(&["api.example.test"]);
    refused(
        &names.grants(),
        "https://api.example.test/",
        "network access to api.example.test:443 is not granted; run with --allow-net api.example.test",
    );
    let sockets = r#"
import asyncio, socket, urllib.error
def tried(what, *arguments):
    try: print("done", what(*arguments))
    except OSError as error: print(type(error).__name__, error)
tried(socket.create_connection, ("1.1.1.1", 53))
tried(socket.getaddrinfo, "secret.evil.test", 443)
tried(socket.gethostbyname, "secret.evil.test")
tried(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto, b"x", ("1.1.1.1", 53))
tried(socket.socket().bind, ("0.0.0.0", 80))
tried(socket.socket().connect_ex, ("evil.test", 25))
tried(asyncio.run, asyncio.open_connection("evil.test", 443))
"#;
    let outcome = run("python", &names.grants(), sockets, "");
    let lines: Vec<String> = outcome.stdout.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 7, "{outcome:#?}");
    assert!(
        lines[0].contains("network access to 1.1.1.1:53 is not granted; run with --allow-net 1.1.1.1:53"),
        "{lines:?}"
    );
    assert!(lines[1].contains("secret.evil.test:443 is not granted"), "{lines:?}");
    assert!(
        lines[2].starts_with("gaierror")
            && lines[3].starts_with("PermissionError")
            && lines[4].starts_with("PermissionError")
    );
    assert!(lines[5].starts_with("done") && !lines[5].ends_with(" 0"), "{lines:?}");
    assert!(lines[6].contains("evil.test:443 is not granted"), "{lines:?}");
    assert!(names.looked_up().is_empty(), "{:?}", names.looked_up());
}

/// Row 66: whatever a granted name means, it is no address of this machine or its networks.
#[test]
fn no_spelling_reaches_an_address_that_is_not_public() {
    let server = Server::start(None, |_| ok("reached"));
    let names = Names::new(&["inside.example.test"]);
    let port = server.port;
    let grants = names.grants().net(format!("inside.example.test:{port}").parse().unwrap());
    let addresses = [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "fd00:ec2::254",
        "fe80::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001::1",
        "ff02::1",
        "224.0.0.1",
    ];
    for address in addresses {
        let address: IpAddr = address.parse().unwrap();
        names.set("inside.example.test", &[address]);
        let url = format!("http://inside.example.test:{port}/");
        let outcome = run("javascript", &grants, FETCH[1].1, &url);
        let expected = format!("its address {address} is not public; run with --allow-net");
        assert!(outcome.stdout.to_string().contains(&expected), "{address}: {outcome:#?}");
    }
    for spelling in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
    ] {
        refused(&grants, &format!("http://{spelling}:{port}/"), "is not granted");
    }
    // Python itself sends nothing to a host that is spelt so.
    let outcome = run("javascript", &grants, FETCH[1].1, &format!("http://①②⑦.⓪.⓪.①:{port}/"));
    assert!(outcome.stdout.to_string().contains("is not granted"), "{outcome:#?}");
    assert!(server.asked().is_empty());
}

/// The same addresses can be granted, by name or by number.
#[test]
fn an_address_that_a_grant_names_is_reached() {
    let server = Server::start(None, |_| ok("reached"));
    let port = server.port;
    let by_number = Names::default().grants().net(format!("127.0.0.1:{port}").parse().unwrap());
    fetched(&by_number, &format!("http://127.0.0.1:{port}/"), "reached");
    fetched(&by_number, &format!("http://0x7f.1:{port}/"), "reached");
    let names = Names::new(&["localhost", "inside.example.test"]);
    fetched(
        &names.grants().net(format!("localhost:{port}").parse().unwrap()),
        &format!("http://localhost:{port}/"),
        "reached",
    );
    let both = names.grants().net(format!("inside.example.test:{port}").parse().unwrap());
    let both = both.net(format!("127.0.0.1:{port}").parse().unwrap());
    fetched(&both, &format!("http://inside.example.test:{port}/"), "reached");
}

/// Row 67: what was looked up is what is connected to, and the next exchange looks again.
#[test]
fn a_name_that_changes_its_meaning_is_caught() {
    let server = Server::start(None, |_| ok("reached"));
    let names = Names::new(&["turning.example.test"]);
    let grants = names.grants().net(rule(&format!("turning.example.test:{}", server.port)));
    let url = format!("http://turning.example.test:{}/", server.port);
    fetched(&grants, &url, "reached");
    assert_eq!(names.looked_up().len(), 2, "once for each exchange");
    names.set("turning.example.test", &["169.254.169.254".parse::<IpAddr>().unwrap()]);
    refused(&grants, &url, "its address 169.254.169.254 is not public");
    // Of many addresses only those that may be are tried.
    names.set("turning.example.test", &["10.0.0.1".parse().unwrap(), LOOPBACK]);
    fetched(&grants, &url, "reached");
}

/// Row 68: following a redirect is another exchange, with all its checks.
#[test]
fn every_hop_of_a_redirect_is_checked() {
    let authority = Authority::new();
    let names = Names::new(&["one.example.test", "two.example.test", "inside.example.test"]);
    let two = Server::start(None, |_| ok("reached"));
    let port = two.port;
    let one = Server::start(Some((&authority, "one.example.test")), move |asked| {
        let location = match asked.target() {
            "/granted" => format!("http://two.example.test:{port}/x"),
            "/other" => "https://evil.test/".to_owned(),
            "/inside" => "http://169.254.169.254/latest/meta-data/".to_owned(),
            _ => "file:///etc/passwd".to_owned(),
        };
        answer("307 Temporary Redirect", &format!("location: {location}\r\n"), "")
    });
    let grants = names.grants().net(rule(&format!("one.example.test:{}", one.port)));
    let grants =
        grants.net(rule(&format!("two.example.test:{port}"))).tls_root(authority.pem.as_bytes()).unwrap();
    let url = |path: &str| format!("https://one.example.test:{}{path}", one.port);
    fetched(&grants, &url("/granted"), "reached");
    refused(&grants, &url("/other"), "evil.test:443 is not granted");
    refused(&grants, &url("/inside"), "169.254.169.254:80 is not granted");
    for (image, code) in FETCH {
        assert_ne!(run(image, &grants, code, &url("/file")).stdout, "", "{image}");
    }
    let post = "const answer = await fetch(url, { method: 'POST', body: 'data', headers: { Authorization: 'mine', Cookie: 'a=b', 'X-Own': 'y' } }); await answer.text()";
    assert_eq!(crate::common::repr(&run("javascript", &grants, post, &url("/granted"))), "'reached'");
    let last = two.asked().pop().unwrap();
    assert_eq!(
        (last.body.clone(), last.header("authorization"), last.header("cookie")),
        (b"data".to_vec(), None, None)
    );
    assert_eq!(last.header("x-own").as_deref(), Some("y"));
}

/// What a program writes that wants more than one plain request, each line with its answer printed.
const RAW: &str = r#"
import socket
host = f"plain.example.test:{url}"
def send(data):
    with socket.create_connection(("plain.example.test", int(url))) as line:
        try:
            line.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))
            return line.recv(9).decode()
        except OSError as error:
            return type(error).__name__ + " " + str(error)
for data in (
    f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: other.example.test\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: {host}\r\nHost: other.example.test\r\n\r\n",
    f"GET http://other.example.test/ HTTP/1.1\r\nHost: {host}\r\n\r\n",
    f"CONNECT other.example.test:443 HTTP/1.1\r\nHost: {host}\r\n\r\n",
    f"TRACE / HTTP/1.1\r\nHost: {host}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: {host}\r\nX: a\rEvil: 1\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: {host}\r\nX: a\n Evil: 1\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: {host}\r\n folded: 1\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: {host}\r\nX\x00Y: 1\r\n\r\n",
    f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\nContent-Length: 30\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
    "HELO evil\r\nMAIL FROM:<a@b>\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16belljar other.example.test\nGET / HTTP/1.1\r\n\r\n",
):
    print(send(data))
with socket.create_connection(("plain.example.test", int(url))) as line:
    request = f"GET /first HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    line.sendall(request + request)
    line.recv(9)
    try:
        line.sendall(request)
    except OSError as error:
        print(type(error).__name__)
"#;

/// Rows 69 to 71: a program that writes its own bytes gets one request through, for the host that it is connected with.
#[test]
fn raw_bytes_become_one_plain_request_or_nothing() {
    let server = Server::start(None, |_| ok("reached"));
    let port = server.port;
    let grants =
        Names::new(&["plain.example.test"]).grants().net(rule(&format!("plain.example.test:{port}")));
    let outcome = run("python", &grants, RAW, &port.to_string());
    assert_eq!(outcome.ended, Ended::Completed, "{outcome:#?}");
    let lines: Vec<String> = outcome.stdout.to_string().lines().map(str::to_owned).collect();
    let said = [
        "HTTP/1.1 ",
        "another host",
        "another host",
        "only HTTP",
        "only HTTP",
        "plain HTTP",
        "plain HTTP",
        "control characters",
        "control characters",
        "name that cannot be one",
        "control characters",
        "HTTP/1.1 ",
        "cannot be understood",
        "only HTTP",
        "only HTTP",
        "cannot be encrypted",
        "BrokenPipeError",
    ];
    assert_eq!(lines.len(), said.len(), "{lines:#?}");
    for (line, said) in lines.iter().zip(said) {
        assert!(line.contains(said), "{said}: {line}");
    }
    let asked = server.asked();
    let targets: Vec<&str> = asked.iter().map(|one| one.target()).collect();
    assert_eq!(targets, ["/", "/", "/first"], "{asked:#?}");
    assert_eq!(
        (asked[1].body.as_slice(), asked[1].header("content-length").as_deref()),
        (&b"abc"[..], Some("3"))
    );
    assert_eq!(asked[1].header("transfer-encoding"), None);
    assert!(asked.iter().all(|one| one.header("host") == Some(format!("plain.example.test:{port}"))));
}

/// Rows 70 and 71 for `fetch`: what cannot be a header, or wants another protocol, is not sent.
#[test]
fn fetch_sends_plain_requests_alone() {
    let server = Server::start(None, |_| ok("reached"));
    let grants = Names::new(&["plain.example.test"])
        .grants()
        .net(rule(&format!("plain.example.test:{}", server.port)));
    let code = r"
const tries = [
  { headers: { X: 'a\r\nEvil: 1' } }, { headers: { 'X\r\nEvil': '1' } }, { headers: { X: 'a\0b' } }, { headers: { Host: 'other.example.test' } },
  { headers: { Upgrade: 'websocket' } }, { method: 'CONNECT' }, { method: 'TRACE' }, { method: 'GET / HTTP/1.1\r\nX: y' },
];
for (const init of tries) await fetch(url, init).then(() => console.log('sent'), (error) => console.log(error.message));
await fetch(url, { method: 'POST', body: 'abc', headers: { 'Transfer-Encoding': 'chunked', 'Content-Length': '30', Connection: 'x-own' } });
typeof WebSocket
";
    let outcome = run("javascript", &grants, code, &format!("http://plain.example.test:{}/", server.port));
    assert_eq!(crate::common::repr(&outcome), "'undefined'");
    let text = outcome.stdout.to_string();
    assert!(!text.lines().any(|line| line == "sent"), "{text}");
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (
            asked[0].body.as_slice(),
            asked[0].header("transfer-encoding"),
            asked[0].header("connection").as_deref()
        ),
        (&b"abc"[..], None, Some("close"))
    );
}

/// Row 73, end to end: rules are in `host/net/rule.rs`.
#[test]
fn a_wildcard_covers_what_is_below_and_nothing_else() {
    let server = Server::start(None, |_| ok("reached"));
    let all =
        ["a.example.test", "a.b.example.test", "example.test", "evilexample.test", "a.example.test.evil.tld"];
    let grants = Names::new(&all).grants().net(rule(&format!("*.example.test:{}", server.port)));
    let url = |name: &str| format!("http://{name}:{}/", server.port);
    for below in ["a.example.test", "A.EXAMPLE.TEST.", "a.b.example.test"] {
        fetched(&grants, &url(below), "reached");
    }
    for other in ["example.test", "evilexample.test", "a.example.test.evil.tld"] {
        refused(&grants, &url(other), "is not granted");
    }
    refused(&grants, "http://a.example.test/", "a.example.test:80 is not granted");
}

/// Row 74: what a server sends is bounded in bytes, in time, and in headers.
#[test]
fn endless_and_oversized_answers_are_cut_off() {
    let server = Server::streaming(None, |asked, stream| match asked.target() {
        "/endless" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while stream.write_all(&[b'x'; 8192]).is_ok() {}
        }
        "/headers" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            while stream.write_all(b"x-more: headers\r\n").is_ok() {}
        }
        "/long" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx-long: ");
            while stream.write_all(&[b'x'; 8192]).is_ok() {}
        }
        "/cut" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort");
        }
        "/nonsense" => {
            let _ = stream.write_all(b"SSH-2.0-nonsense\r\n\r\n");
        }
        _ => std::thread::sleep(Duration::from_secs(30)),
    });
    let grants =
        Names::new(&["big.example.test"]).grants().net(rule(&format!("big.example.test:{}", server.port)));
    let url = |path: &str| format!("http://big.example.test:{}{path}", server.port);
    let limits = Limits { net_bytes: 1 << 20, time_ms: 5000, ..Limits::default() };
    for (image, code) in FETCH {
        let jar = jar_with(image, limits.clone()).with_grants(grants.clone());
        let run = |path: &str| {
            jar.run_blocking(Request::new(code).input("url", format!("{:?}", url(path)))).unwrap()
        };
        let said = |path: &str| run(path).stdout.to_string();
        assert!(said("/endless").contains("more than 1048576 bytes over the network (net_bytes)"), "{image}");
        for broken in ["/headers", "/long", "/cut", "/nonsense"] {
            assert!(said(broken).contains("broke"), "{image}, {broken}: {}", said(broken));
        }
        let begun = Instant::now();
        assert_eq!(run("/slow").ended, Ended::TimeLimit, "{image}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{image}");
    }
}

/// Row 74: the host unpacks nothing; what unpacks inside has the guest's memory.
#[test]
fn a_packed_answer_is_unpacked_inside_the_wall() {
    let server = Server::start(None, |_| answer("200 OK", "content-encoding: gzip\r\n", b"\x1f\x8bpacked"));
    let grants =
        Names::new(&["big.example.test"]).grants().net(rule(&format!("big.example.test:{}", server.port)));
    let code = "import urllib.request\nurllib.request.urlopen(url).read()";
    let outcome = run("python", &grants, code, &format!("http://big.example.test:{}/", server.port));
    assert_eq!(crate::common::repr(&outcome), r"b'\x1f\x8bpacked'");
}

/// Row 75: requests are counted, and connections are few.
#[test]
fn a_flood_of_requests_meets_its_limits() {
    let server = Server::start(None, |_| {
        std::thread::sleep(Duration::from_millis(5));
        ok("reached")
    });
    let grants =
        Names::new(&["a.example.test"]).grants().net(rule(&format!("*.example.test:{}", server.port)));
    let limits = Limits { net_requests: 40, ..Limits::default() };
    let flood = "const all = await Promise.allSettled(Array.from({ length: 60 }, () => fetch(url).then((a) => a.text())));
        console.log(all.find((one) => one.reason).reason.message); all.filter((one) => one.value === 'reached').length";
    let session = jar_with("javascript", limits).with_grants(grants).session().unwrap();
    let url = format!("{:?}", format!("http://a.example.test:{}/", server.port));
    let outcome = session.run_blocking(Request::new(flood).input("url", url.clone())).unwrap();
    assert_eq!(crate::common::repr(&outcome), "40");
    assert_eq!(
        outcome.stdout,
        "fetch failed: the run made more than 40 requests over the network (net_requests)\n"
    );
    assert!(server.most() <= 16, "{}", server.most());
    assert_eq!(server.asked().len(), 40);
    // A request can lower the limit, and the next run counts anew.
    let lower = Limits { net_requests: 1, ..session.jar().limits().clone() };
    let outcome = session.run_blocking(Request::new(flood).input("url", url).limits(lower)).unwrap();
    assert_eq!(crate::common::repr(&outcome), "1");
}

/// What a run leaves open is given up with its session; what it waits for ends with its time.
#[test]
fn an_exchange_ends_with_its_session() {
    let (sender, ended) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let server = Server::streaming(None, move |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 8192]).is_ok() {}
        let _ = sender.lock().unwrap().send(());
    });
    let grants =
        Names::new(&["big.example.test"]).grants().net(rule(&format!("big.example.test:{}", server.port)));
    run(
        "python",
        &grants,
        "import urllib.request\nurllib.request.urlopen(url).read(1)",
        &format!("http://big.example.test:{}/", server.port),
    );
    ended.recv_timeout(Duration::from_secs(10)).expect("the connection is closed");
}

/// Row 81: the host decides whom to trust, and no setting of a program changes that.
#[test]
fn a_server_that_cannot_prove_itself_is_not_talked_to() {
    let (known, unknown) = (Authority::new(), Authority::new());
    let names = Names::new(&["good.example.test", "other.example.test"]);
    let good = Server::start(Some((&known, "good.example.test")), |_| ok("reached"));
    let strange = Server::start(Some((&unknown, "good.example.test")), |_| ok("reached"));
    let wrong = Server::start(Some((&known, "wrong.example.test")), |_| ok("reached"));
    let mut grants = names.grants().tls_root(known.pem.as_bytes()).unwrap();
    for server in [&good, &strange, &wrong] {
        grants = grants.net(rule(&format!("*.example.test:{}", server.port)));
    }
    let url = |server: &Server| format!("https://good.example.test:{}/", server.port);
    fetched(&grants, &url(&good), "reached");
    refused(&grants, &url(&strange), "could not prove who it is: invalid peer certificate");
    refused(&grants, &url(&wrong), "could not prove who it is: invalid peer certificate");
    refused(&grants, &format!("https://other.example.test:{}/", good.port), "could not prove who it is");
    let careless = r#"
import ssl, urllib.request
context = ssl._create_unverified_context()
context.load_verify_locations(cadata="anything")
try: urllib.request.urlopen(url, context=context)
except OSError as error: print(isinstance(error.reason, ssl.SSLCertVerificationError))
"#;
    assert_eq!(run("python", &grants, careless, &url(&strange)).stdout, "True\n");
    assert!(strange.asked().is_empty() && wrong.asked().is_empty());
}
