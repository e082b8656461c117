// node engines/tests/try.mjs ENGINE.wasm CODE...     runs each piece of code in one session and prints what it comes to
import { Engine } from './host.mjs';

const [path, ...pieces] = process.argv.slice(2);
const session = await (await Engine.load(path)).session();
for (const code of pieces) console.log(session.run(code));
