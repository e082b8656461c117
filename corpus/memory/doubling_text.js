//: row: 27 a text that doubles until there is no room; the code catches that and goes on
//: ended: completed
//: limits: {"memory_bytes": 67108864}
//: value: [ true, 4950 ]
let text = "a";
try {
  for (;;) {
    text += text;
    text.charCodeAt(text.length - 1) + text.indexOf("b");
  }
} catch { }
[text.length > 2 ** 20, [...Array(100).keys()].reduce((sum, n) => sum + n)];
