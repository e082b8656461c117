// node engines/javascript/tests/inspect.mjs ENGINE.wasm     console.log must print what Node's own util.inspect gives, byte for byte
import util from 'node:util';
import { Engine } from '../../tests/host.mjs';

const CASES = [
  '({a:1,b:[1,2]})', '[1,,3]', 'new Map([[{a:1},"x"]])', '(function foo(){})', '(class A extends Array{})', 'Object.create(null)',
  '[["a","b"],["c",{d:[1,[2,[3]]]}]]', 'new Array(200).fill(7)', 'Array.from({length:30},(_,i)=>i*i)', '["it\'s", "a\\nb", "`\'\\""]',
  'Symbol("x")', 'new Date(NaN)', 'new Date(0)', '[undefined,null,NaN,-0,10n]', '({"a-b":1,[Symbol("k")]:2})', 'new Uint8Array(3)',
  'new ArrayBuffer(4)', '[1.5,"x",true,()=>1,function q(){}]', '({f(){},get x(){return 1},set x(v){}})', 'new Set(["a",{b:1}])',
  'Promise.resolve(4)', '({a:{b:{c:{d:1}}}})', 'Array.from({length:120},(_,i)=>"item"+i)',
  '({long1:"x".repeat(30),long2:"y".repeat(34),long3:"z".repeat(16)})',
  '[{name:"Alice",age:30,tags:["a","b"]},{name:"Bob",age:25,tags:[]}]', 'new WeakMap', '(function*(){})()', 'new Number(3)',
  'new String("abc")', '/a/gi', 'new Proxy({a:1},{})', '[[]]', '[{}]', '({})', '[]', 'new (class extends Map{})([[1,2]])', 'async()=>{}',
  '["x".repeat(20000)]', '({s:"line1\\nline2 which is quite a bit longer than before\\nline3 and even more text here to wrap"})',
  '[["2024-01-01",1200.5],["2024-01-02",1300.25],["2024-01-03",900]]', '({matrix:[[1,2,3],[4,5,6],[7,8,9]]})',
  '(()=>{const o={};o.self=o;o.list=[o];return o})()', 'new (class Foo{constructor(){this.a=1}})',
];

const session = await (await Engine.load(process.argv[2])).session();
let failed = 0;
for (const code of CASES) {
  const wanted = util.inspect((0, eval)(code));
  const { stdout, traceback } = session.run(`console.log(${code})`);
  if (stdout === `${wanted}\n`) continue;
  failed++;
  console.log(`${code}\n  wanted: ${wanted}\n  got:    ${traceback ?? stdout}`);
}
console.log(`${CASES.length - failed} of ${CASES.length} as in Node`);
process.exitCode = failed ? 1 : 0;
