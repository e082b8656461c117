// Typed arrays: a product of two matrices.
(function () {
  var n = 120, a = new Float64Array(n * n), b = new Float64Array(n * n), sum = 0;
  for (var i = 0; i < n * n; i++) {
    a[i] = ((i * 31) % 101) / 8;
    b[i] = ((i * 13) % 103) / 4;
  }
  for (var row = 0; row < n; row++) {
    for (var column = 0; column < n; column++) {
      var total = 0;
      for (var k = 0; k < n; k++) total += a[row * n + k] * b[k * n + column];
      sum += total;
    }
  }
  return String(sum);
})();
