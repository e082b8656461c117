// Objects as dictionaries, and strings: counts words and joins what it found.
(function () {
  var state = 42, words = [];
  for (var i = 0; i < 40000; i++) {
    state = (state * 1103515 + 12345) % 2147483648;
    words.push("w" + (Math.floor(state / 65536) % 2000));
  }
  var counts = {};
  words.join(" ").split(" ").forEach(function (word) {
    counts[word] = (counts[word] || 0) + 1;
  });
  words.forEach(function (word) {
    var key = word.toUpperCase().replace("W", "x-");
    counts[key] = (counts[key] || 0) + key.length;
  });
  var ranked = Object.keys(counts).sort(function (a, b) {
    return counts[b] - counts[a] || (a < b ? -1 : 1);
  });
  return ranked.length + " " + ranked.slice(0, 5).join(",");
})();
