// Regular expressions: finds and rewrites addresses in a text.
(function () {
  var lines = [];
  for (var i = 0; i < 1000; i++) {
    lines.push("On 2024-03-" + (i % 28 + 10) + " user" + i + "@example" + i % 9 + ".org wrote 'x = " + i * 7 + "' to <list-" + i % 5 + "@mail.test>; see page " + i + ".\n");
  }
  var text = lines.join(""), found = 0;
  for (var k = 0; k < 3; k++) {
    found += text.match(/([\w.-]+)@([\w-]+(?:\.[\w-]+)+)/g).length;
    text.replace(/(\d{4})-(\d\d)-(\d\d)/g, function (all, year, month, day) {
      found += Number(day);
      return all;
    });
  }
  return found + " " + text.replace(/([\w.-]+)@([\w-]+(?:\.[\w-]+)+)/g, "$2 at $1").length;
})();
