// npm's @modelcontextprotocol/client 2: the protocol's TypeScript SDK, which shakes hands (2025-11-25) unless it is told to ask (2026-07-28).

import { check, environment, peer, program, run, through, url } from './checks.mjs';

const { Client, StreamableHTTPClientTransport } = peer('@modelcontextprotocol/client');
const { StdioClientTransport } = peer('@modelcontextprotocol/client/stdio');

await run(async () => {
  const ways = { stdio: () => new StdioClientTransport({ command: program, args: ['mcp'], env: environment }) };
  if (url) ways.http = () => new StreamableHTTPClientTransport(new URL(url));
  for (const [name, transport] of Object.entries(ways)) {
    for (const [mode, version] of [['legacy', '2025-11-25'], ['auto', '2026-07-28']]) {
      console.log(`-- ${name}, ${version}`);
      const client = new Client({ name: 'clients', version: '1' }, { versionNegotiation: { mode } });
      await client.connect(transport());
      check(`both speak ${version}`, client.getNegotiatedProtocolVersion(), version);
      await through(client);

      // A loop without end is stopped when the client gives up on it, and the next call is served.
      const code = 'while True: pass';
      const loop = client.callTool({ name: 'run_python', arguments: { code } }, { timeout: 500 });
      check('a client may give up on a call', await loop.then(() => 'a result', () => 'gave up'), 'gave up');
      const next = await client.callTool({ name: 'run_python', arguments: { code: '6 * 7' } });
      check('... and go on', next.structuredContent.value.repr, '42');

      const nothing = client.callTool({ name: 'no_such_tool', arguments: {} });
      check('an unknown tool is an error of the protocol', await nothing.catch(({ code }) => code), -32602);
      await client.close();
    }
  }
});
