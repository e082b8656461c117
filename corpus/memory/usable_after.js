//: row: 41 an engine that ran out of memory is as good as before
//: ended: completed
//: limits: {"time_ms": 60000, "cpu_ms": 60000}
//: stdout: {"a":[1,2,{"b":"ayb"}]}\n{"a":[1,2,{"b":"ayb"}]}\n{"a":[1,2,{"b":"ayb"}]}\n
for (let n = 0; n < 3; n++) {
  let items = [];
  try {
    for (;;) items.push(new Array(10000).fill("x"));
  } catch {
    items = null;
  }
  console.log(JSON.stringify(JSON.parse('{"a":[1,2,{"b":"' + "axb".replace(/x/, "y") + '"}]}')));
}
