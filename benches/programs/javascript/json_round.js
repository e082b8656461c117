// JSON: a nested document there and back.
(function () {
  var rows = [];
  for (var i = 0; i < 400; i++) {
    rows.push({ id: i, name: "row " + i, tags: ["a", "b\n", "ccc"], at: { x: i / 8, ok: i % 2 === 0, none: null } });
  }
  var text = JSON.stringify(rows);
  for (var k = 0; k < 30; k++) text = JSON.stringify(JSON.parse(text));
  var sum = 0;
  JSON.parse(text).forEach(function (row) { sum += row.at.x; });
  return text.length + " " + sum;
})();
