// Generators: pipelines, and one that delegates to itself.
(function () {
  function* numbers(n) {
    for (let i = 0; i < n; i++) yield i;
  }
  function* squares(of) {
    for (const n of of) if (n % 3) yield n * n;
  }
  function* walk(depth) {
    if (depth) {
      yield* walk(depth - 1);
      yield depth;
      yield* walk(depth - 1);
    }
  }
  let sum = 0, depths = 0;
  for (const square of squares(numbers(100000))) if (square % 7 === 2) sum += square;
  for (const depth of walk(10)) depths += depth;
  return `${sum} ${depths}`;
})();
