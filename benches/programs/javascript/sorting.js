// Sorting: numbers and strings, with comparisons of our own.
(function () {
  var state = 7, numbers = [];
  for (var i = 0; i < 20000; i++) {
    state = (state * 1103515 + 12345) % 2147483648;
    numbers.push(state);
  }
  var ordered = numbers.slice().sort(function (a, b) { return a - b; });
  var texts = numbers.map(String).sort();
  var tails = numbers.slice().sort(function (a, b) { return b % 777 - a % 777 || a - b; });
  return [ordered[10000], texts[10000], tails[10000]].join(" ");
})();
