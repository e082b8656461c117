//! The network works: what people use to fetch things does so from granted hosts, over TLS, and says what is missing otherwise.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test that cannot go on ends; each uses a part of what is shared"
)]

use crate::packages;
use crate::server;

use crate::common::{jar, repr};
use belljar::{Ended, Grants, Jar, Outcome, Request};
use server::{Asked, Authority, Names, Server, answer, ok, rule};

const HOST: &str = "api.example.test";

/// A server with a certificate, and a jar that may speak with it.
struct World {
    server: Server,
    authority: Authority,
    names: Names,
}

impl World {
    fn new(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let authority = Authority::new();
        let server = Server::start(Some((&authority, HOST)), answer);
        Self { server, authority, names: Names::new(&[HOST, "other.example.test"]) }
    }

    fn echo() -> Self {
        Self::new(|asked| {
            let method = asked.head.split(' ').next().unwrap().to_owned();
            let body = serde_json::Value::from(String::from_utf8_lossy(&asked.body).into_owned());
            answer(
                "200 OK",
                "content-type: application/json\r\nx-seen: yes\r\n",
                format!(r#"{{"method": "{method}", "target": "{}", "body": {body}}}"#, asked.target()),
            )
        })
    }

    fn grants(&self) -> Grants {
        let grants = self.names.grants().net(rule(&format!("{HOST}:{}", self.server.port)));
        grants.tls_root(self.authority.pem.as_bytes()).unwrap()
    }

    fn jar(&self, image: &str) -> Jar {
        jar(image).with_grants(self.grants())
    }

    fn url(&self, path: &str) -> String {
        format!("https://{HOST}:{}{path}", self.server.port)
    }

    /// Runs code that finds the server's URL in `url`, and one that is not granted in `other`.
    #[track_caller]
    fn run(&self, jar: &Jar, code: &str) -> Outcome {
        let other = format!("https://other.example.test:{}/", self.server.port);
        let request = Request::new(code)
            .input("url", format!("{:?}", self.url("/a?b=c")))
            .input("other", format!("{other:?}"));
        let outcome = jar.run_blocking(request).unwrap();
        assert_eq!(outcome.ended, Ended::Completed, "{outcome:#?}");
        outcome
    }

    fn refusal(&self) -> String {
        format!(
            "network access to other.example.test:{port} is not granted; run with --allow-net other.example.test:{port}",
            port = self.server.port
        )
    }
}

#[test]
fn the_standard_library_of_python_fetches() {
    let world = World::echo();
    let outcome = world.run(
        &world.jar("python"),
        r"
import http.client, json, urllib.error, urllib.parse, urllib.request
with urllib.request.urlopen(url, timeout=5) as answer:
    print(answer.status, answer.headers['X-Seen'], json.load(answer)['target'])
request = urllib.request.Request(url, data=b'hello', method='PUT', headers={'X-One': '1'})
print(json.load(urllib.request.urlopen(request)))
parts = urllib.parse.urlsplit(url)
connection = http.client.HTTPSConnection(parts.hostname, parts.port)
for path in '/one', '/two':
    connection.request('GET', path)
    print(json.loads(connection.getresponse().read())['target'])
try:
    urllib.request.urlopen(other)
except urllib.error.URLError as error:
    print(error.reason)
",
    );
    let expected = format!(
        "200 yes /a?b=c\n{{'method': 'PUT', 'target': '/a?b=c', 'body': 'hello'}}\n/one\n/two\n[Errno 2] {}\n",
        world.refusal()
    );
    assert_eq!(outcome.stdout, expected.as_str());
    let asked = world.server.asked();
    assert_eq!(asked[1].header("x-one").as_deref(), Some("1"));
    assert_eq!(asked[1].header("host"), Some(format!("{HOST}:{}", world.server.port)));
    assert_eq!(asked[0].sni.as_deref(), Some(HOST));
}

#[test]
fn requests_fetches_posts_and_streams() {
    let world = World::echo();
    let jar = packages::with(jar("python"), world.grants(), &packages::REQUESTS);
    let code = format!(
        "{}{}",
        packages::path(&packages::REQUESTS),
        r"
import requests
answer = requests.get(url, timeout=5)
print(answer.status_code, answer.json()['target'], answer.headers['x-seen'])
with requests.Session() as session:
    print(session.post(url, json={'a': 1}).json()['method'], session.post(url, data=iter([b'ab', b'cd'])).json()['body'])
with requests.get(url, stream=True) as answer:
    print(len(b''.join(answer.iter_content(7))))
try:
    requests.get(other)
except requests.ConnectionError as error:
    print(error)
"
    );
    let outcome = world.run(&jar, &code);
    let text = outcome.stdout.to_string();
    assert!(text.starts_with("200 /a?b=c yes\nPOST abcd\n49\n"), "{text}");
    assert!(text.contains(&world.refusal()), "{text}");
}

#[test]
fn httpx_fetches_at_once_and_awaits() {
    let world = World::echo();
    let jar = packages::with(jar("python"), world.grants(), &packages::HTTPX);
    let code = format!(
        "{}{}",
        packages::path(&packages::HTTPX),
        r"
import asyncio, httpx
print(httpx.get(url).json()['target'])
async def main():
    async with httpx.AsyncClient() as client:
        answers = await asyncio.gather(*(client.post(url, content=f'{n}') for n in range(5)))
        print(sorted(answer.json()['body'] for answer in answers))
        async with client.stream('GET', url) as answer:
            print(len(b''.join([piece async for piece in answer.aiter_bytes(5)])))
        try:
            await client.get(other)
        except httpx.ConnectError as error:
            print(error)
asyncio.run(main())
"
    );
    let outcome = world.run(&jar, &code);
    let text = outcome.stdout.to_string();
    assert!(text.starts_with("/a?b=c\n['0', '1', '2', '3', '4']\n49\n"), "{text}");
    assert!(text.contains(&world.refusal()), "{text}");
}

#[test]
fn asyncio_waits_for_connections_and_timers_at_once() {
    // No answer comes before both requests are there.
    let both = std::sync::Barrier::new(2);
    let world = World::new(move |asked| {
        both.wait();
        std::thread::sleep(std::time::Duration::from_millis(50));
        ok(asked.target())
    });
    let outcome = world.run(
        &world.jar("python"),
        r"
import asyncio, ssl, urllib.parse
parts = urllib.parse.urlsplit(url)
async def get(path):
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=ssl.create_default_context())
    writer.write(f'GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n'.encode())
    await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer.rpartition(b'\r\n\r\n')[2]
ticks = 0
async def tick():
    global ticks
    while True:
        await asyncio.sleep(0.005)
        ticks += 1
async def main():
    ticker = asyncio.create_task(tick())
    answers = await asyncio.gather(get('/one'), get('/two'))
    ticker.cancel()
    return answers
print(asyncio.run(main()), ticks > 0)
",
    );
    assert_eq!(outcome.stdout, "[b'/one', b'/two'] True\n");
    assert_eq!(world.server.most(), 2);
}

#[test]
fn fetch_fetches_streams_and_aborts() {
    let world = World::echo();
    let outcome = world.run(
        &world.jar("javascript"),
        r"
const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ a: 1 }).length, headers: { 'X-One': '1' } });
console.log(answer.status, answer.ok, answer.headers.get('x-seen'), (await answer.json()).body);
const pieces = [];
for await (const piece of (await fetch(url)).body) pieces.push(piece);
console.log(pieces.every((piece) => piece instanceof Uint8Array), pieces.reduce((sum, piece) => sum + piece.length, 0));
console.log((await Promise.all([1, 2, 3].map(async (n) => (await fetch(`${url}&n=${n}`)).json()))).map((each) => each.target).join());
const controller = new AbortController();
const pending = fetch(url, { signal: controller.signal });
controller.abort();
await pending.catch((error) => console.log(error.name));
await fetch(other).catch((error) => console.log(`${error.name}: ${error.message}`));
for (let n = 0; n < 200; n++) if (!(await fetch(url)).ok) console.log('failed');
",
    );
    let expected = format!(
        "200 true yes 7\ntrue 49\n/a?b=c&n=1,/a?b=c&n=2,/a?b=c&n=3\nAbortError\nTypeError: fetch failed: {}\n",
        world.refusal()
    );
    assert_eq!(outcome.stdout, expected.as_str());
}

#[test]
fn an_answer_is_read_while_it_comes() {
    let authority = Authority::new();
    let server = Server::streaming(Some((&authority, HOST)), |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        for n in 0..3 {
            let _ = stream.write_all(format!("5\r\npart{n}\r\n").as_bytes());
            let _ = stream.flush();
            std::thread::sleep(std::time::Duration::from_millis(30));
        }
        let _ = stream.write_all(b"0\r\n\r\n");
    });
    let grants = Names::new(&[HOST]).grants().net(rule(&format!("{HOST}:{}", server.port)));
    let grants = grants.tls_root(authority.pem.as_bytes()).unwrap();
    let url = format!("https://{HOST}:{}/", server.port);
    for (image, code) in [
        (
            "python",
            "import urllib.request\nwith urllib.request.urlopen(url) as a: parts = [a.read1(100) for _ in range(3)]\nb' '.join(parts).decode()",
        ),
        (
            "javascript",
            "const parts = []; const d = new TextDecoder(); for await (const p of (await fetch(url)).body) parts.push(d.decode(p)); parts.join(' ')",
        ),
    ] {
        let jar = jar(image).with_grants(grants.clone());
        let outcome = jar.run_blocking(Request::new(code).input("url", format!("{url:?}"))).unwrap();
        assert_eq!(repr(&outcome), "'part0 part1 part2'", "{image}");
    }
}

#[test]
fn a_response_can_be_read_in_a_later_run() {
    let world = World::echo();
    let session = world.jar("python").session().unwrap();
    let url = format!("{:?}", world.url("/later"));
    session
        .run_blocking(
            Request::new("import urllib.request\nanswer = urllib.request.urlopen(url)").input("url", url),
        )
        .unwrap();
    let outcome = session.run_blocking("answer.read().decode()").unwrap();
    assert!(repr(&outcome).contains("/later"), "{outcome:#?}");
}
