// npm's MCP Inspector: its command line, which starts the server anew for each call, prints the result, and says with its status what it thinks of it.

import { spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { calls, check, environment, peer, program, run, told, tools, url } from './checks.mjs';

const inspector = peer.resolve('@modelcontextprotocol/inspector/clients/launcher/build/index.js');

/** Runs it; gives its status, what it printed, and its complaints. */
function inspect(server, ...args) {
  const all = [inspector, '--cli', ...server, ...args];
  // It keeps a list of servers in the home folder.
  const env = { ...environment, HOME: os.tmpdir() };
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { env, encoding: 'utf-8', timeout: 60_000 });
  if (!stdout) throw new Error(`no result (status ${status}): ${stderr}`);
  return { status, result: JSON.parse(stdout), complaints: stderr };
}

function call(server, tool, args) {
  const pairs = Object.entries(args).map(([name, value]) => {
    return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return inspect(server, '--method', 'tools/call', '--tool-name', tool, '--tool-arg', ...pairs);
}

await run(async () => {
  // The server must find what setup built, which lies in the home folder unless the variable says otherwise.
  const caches = environment.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  const cache = ['-e', `XDG_CACHE_HOME=${caches}`];
  const ways = { 'stdio, legacy': [...cache, program, 'mcp'], 'stdio, modern': [...cache, program, 'mcp', '--protocol-era', 'modern'] };
  // In the older revision a session ends with its connection, and so with each call.
  if (url) ways['http, modern'] = [url, '--protocol-era', 'modern'];
  for (const [name, server] of Object.entries(ways)) {
    console.log(`-- ${name}`);
    const { status, result, complaints } = inspect(server, '--method', 'tools/list', '--strict');
    check('the tools are listed', [status, result.tools.map((tool) => tool.name)], [0, tools]);
    check('... with schemas that models of all kinds take', complaints.includes('is an array'), false);

    // Over stdio a session ends with the server, and so with each call.
    const created = call(server, 'session_create', { language: 'python' });
    const handle = created.result.structuredContent.session;
    for (const wanted of calls(handle).filter((call) => name.startsWith('http') || !call.arguments.session)) {
      const { status, result, complaints } = call(server, wanted.tool, wanted.arguments);
      check(wanted.what, result.content.map((block) => block.text), [wanted.text]);
      check('... and to programs', told(result.structuredContent), wanted.structured);
      check('... and as a success or not', status, wanted.is_error ? 5 : 0);
      check('... without complaints', complaints.split('\n').filter((line) => line && !line.includes('isError')), []);
    }
  }
});
