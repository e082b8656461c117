// Large integers: digits of pi and a factorial.
(function () {
  function pi(digits) {
    let [q, r, t, k, n, l, out] = [1n, 0n, 1n, 1n, 3n, 3n, ""];
    while (out.length < digits) {
      if (4n * q + r - t < n * t) {
        out += n;
        [q, r, n] = [10n * q, 10n * (r - n * t), (10n * (3n * q + r)) / t - 10n * n];
      } else {
        const next = (q * (7n * k + 2n) + r * l) / (t * l);
        [q, r, t, k, n, l] = [q * k, (2n * q + r) * l, t * l, k + 1n, next, l + 2n];
      }
    }
    return out;
  }
  let factorial = 1n;
  for (let i = 2n; i < 2000n; i++) factorial *= i;
  return `${pi(500).slice(-10)} ${factorial % 1000000007n}`;
})();
