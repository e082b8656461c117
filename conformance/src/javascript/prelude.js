// What the test programs take from the shell that they are written for. The runner hands over one file, so that their imports become
// look-ups in this table.
"use strict";

globalThis.print = console.log;

// The collector runs when enough has been allocated.
globalThis.gc = () => {
    for (let i = 0; i < 50000; i++) {
        const ring = {};
        ring.ring = ring;
    }
};

globalThis.imports = {
    "qjs:std": {
        gc,
        evalScript(text) {
            return (0, eval)(text);
        },
    },
    "qjs:os": {
        platform: "wasi",
        setTimeout,
        clearTimeout,
        setInterval,
        clearInterval,
        now() {
            return performance.now() * 1000;
        },
    },
};
