// A plain program: right only if it was run, and if nothing was left behind by another.
console.log(typeof belljar_was_here === "undefined" ? @A@ * @B@ : "left behind");
