//: row: 65, 66 a server of this machine, by every way of speaking to it and every spelling of its address
//: ended: completed
//: stdout: done\n
const found = [];
const port = Number("@PORT@") || 9;
const hosts = ["127.0.0.1", "localhost", "127.1", "0.0.0.0", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "localhost."];
const waits = [];
for (const host of hosts) {
  const url = `http://${host}:${port}/`;
  const ways = [
    () => waits.push(fetch(url).then((answer) => answer.text()).then((text) => found.push(text), () => {})),
    () => require("net").connect(port, host),
    () => require("http").get(url),
    () => require("dgram").createSocket("udp4").send("x", port, host),
    () => new XMLHttpRequest().open("GET", url),
    () => new WebSocket(url.replace("http", "ws")),
    () => std.urlGet(url),
  ];
  for (const way of ways) {
    try {
      way();
    } catch {
      // Not this way.
    }
  }
}
Promise.all(waits).then(() => console.log(...found, "done"));
