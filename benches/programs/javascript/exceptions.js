// Exceptions: thrown, caught, replaced and cleaned up after.
(function () {
  var cleaned = 0;
  function check(n) {
    if (n % 2) throw new TypeError("odd: " + n);
    return n;
  }
  function guarded(n) {
    try {
      return check(n);
    } catch (error) {
      try {
        throw new RangeError(error.message);
      } catch (replaced) {
        return -replaced.message.length;
      }
    } finally {
      cleaned++;
    }
  }
  var total = 0;
  for (var i = 0; i < 40000; i++) total += guarded(i);
  return total + " " + cleaned;
})();
