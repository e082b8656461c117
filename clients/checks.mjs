// What the programs in JavaScript share: the calls with what they must give, and the count of what did not.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';

export const [program, url] = process.argv.slice(2);

/** The client's packages, wherever they were installed. */
export const peer = createRequire(`${process.env.PEER_FOLDER}/`);

/** Clients start a server with a few variables of their own choice. It finds its images with one that is not among them. */
export const environment = process.env;

export const tools = [
  'run_python', 'run_javascript', 'session_create', 'session_fork', 'session_reset', 'session_close',
  'session_list', 'file_write', 'file_read', 'file_list', 'run_python_code',
];

let failed = 0;

/** One line for each thing that was looked at. */
export function check(what, found, expected) {
  if (isDeepStrictEqual(found, expected)) {
    console.log(`ok      ${what}`);
    return;
  }
  failed += 1;
  const [f, e] = [found, expected].map((value) => JSON.stringify(value));
  console.log(`FAILED  ${what}\n        found    ${f}\n        expected ${e}`);
}

/** The calls, and what each must give, for this session. */
export function calls(session) {
  const text = fs.readFileSync(new URL('calls.json', import.meta.url), 'utf-8');
  return JSON.parse(text.replaceAll('SESSION', session));
}

/** The handle of a new session, when it has the form of one. */
export function handle(created) {
  check('a session is made', /^[0-9a-f]{32}$/.test(created?.session), true);
  return String(created?.session);
}

/** What is the same each time: how much a run used is not, and must only be there. */
export function told(structured) {
  if (!structured) return null;
  const { usage, ...rest } = structured;
  return usage?.wall_ms > 0 ? rest : structured;
}

/** Holds what every call gives against what it must. */
export async function through(client) {
  check('the tools are listed', (await client.listTools()).tools.map((tool) => tool.name), tools);
  const created = await client.callTool({ name: 'session_create', arguments: { language: 'python' } });
  for (const call of calls(handle(created.structuredContent))) {
    // The client holds structured content against the tool's schema by itself.
    const result = await client.callTool({ name: call.tool, arguments: call.arguments });
    check(call.what, result.content.map((block) => block.text), [call.text]);
    check('... and to programs', told(result.structuredContent), call.structured);
    check('... and as a success or not', Boolean(result.isError), call.is_error);
  }
}

/** Runs a program of checks. Its status says whether all held. */
export async function run(main) {
  const hangs = () => {
    check('it comes to its end', 'it hangs', 'an end');
    process.exit(1);
  };
  setTimeout(hangs, 180_000);
  await main();
  process.exit(failed ? 1 : 0);
}
