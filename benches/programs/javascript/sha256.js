// Integers and bits: SHA-256 written out.
(function () {
  function constants(count, root) {
    var primes = [];
    for (var n = 2; primes.length < count; n++) {
      if (primes.every(function (p) { return n % p; })) primes.push(n);
    }
    return primes.map(function (p) { return (Math.pow(p, 1 / root) % 1 * 4294967296) | 0; });
  }
  function turn(x, n) {
    return (x >>> n) | (x << (32 - n));
  }
  var k = constants(64, 3), state = constants(8, 2);
  function block(data, at) {
    var w = [], i;
    for (i = 0; i < 16; i++) {
      var o = at + i * 4;
      w.push((data[o] << 24) | (data[o + 1] << 16) | (data[o + 2] << 8) | data[o + 3]);
    }
    for (i = 16; i < 64; i++) {
      var x = w[i - 15], y = w[i - 2];
      var s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3), s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
      w.push((w[i - 16] + s0 + w[i - 7] + s1) | 0);
    }
    var a = state[0], b = state[1], c = state[2], d = state[3];
    var e = state[4], f = state[5], g = state[6], h = state[7];
    for (i = 0; i < 64; i++) {
      var t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
      var t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g, g = f, f = e, e = (d + t1) | 0, d = c, c = b, b = a, a = (t1 + t2) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach(function (word, n) { state[n] = (state[n] + word) | 0; });
  }
  var data = [], size = 40000;
  for (var i = 0; i < size; i++) data.push((i * 7) % 256);
  data.push(128);
  while (data.length % 64 !== 60) data.push(0);
  for (var shift = 24; shift >= 0; shift -= 8) data.push(((size * 8) >>> shift) & 255);
  for (var at = 0; at < data.length; at += 64) block(data, at);
  return state.map(function (word) { return ("0000000" + (word >>> 0).toString(16)).slice(-8); }).join("");
})();
