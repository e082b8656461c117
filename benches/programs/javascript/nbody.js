// Floats and properties: the outer planets for 10,000 steps.
(function () {
  function body(x, y, z, vx, vy, vz, mass) {
    return { x: x, y: y, z: z, vx: vx, vy: vy, vz: vz, mass: mass };
  }
  function advance(bodies, dt) {
    for (var i = 0; i < bodies.length; i++) {
      var a = bodies[i];
      for (var j = i + 1; j < bodies.length; j++) {
        var b = bodies[j];
        var x = a.x - b.x, y = a.y - b.y, z = a.z - b.z;
        var square = x * x + y * y + z * z;
        var pull = dt / (square * Math.sqrt(square));
        a.vx -= x * b.mass * pull;
        a.vy -= y * b.mass * pull;
        a.vz -= z * b.mass * pull;
        b.vx += x * a.mass * pull;
        b.vy += y * a.mass * pull;
        b.vz += z * a.mass * pull;
      }
    }
    for (var k = 0; k < bodies.length; k++) {
      var c = bodies[k];
      c.x += dt * c.vx;
      c.y += dt * c.vy;
      c.z += dt * c.vz;
    }
  }
  var bodies = [
    body(0, 0, 0, 0, 0, 0, 39.47),
    body(4.84, -1.16, -0.1, 0.61, 2.81, -0.02, 0.037),
    body(8.34, 4.12, -0.4, -1.01, 1.82, 0.01, 0.011),
    body(12.89, -15.11, -0.22, 1.08, 0.86, -0.01, 0.0017),
    body(15.37, -25.91, 0.18, 0.98, 0.59, -0.03, 0.002),
  ];
  for (var step = 0; step < 10000; step++) advance(bodies, 0.01);
  return bodies.map(function (a) { return a.x.toFixed(6); }).join(" ");
})();
