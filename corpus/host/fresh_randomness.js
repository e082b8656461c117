//: row: 116 what is random is drawn anew
//: ended: completed
//: value: 4
new Set([Math.random(), Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint32Array(4)).join()]).size;
