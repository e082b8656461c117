// npm's @modelcontextprotocol/sdk 1: the protocol's TypeScript SDK in its older line, which shakes hands (2025-11-25).

import { check, environment, peer, program, run, through, url } from './checks.mjs';

const { Client } = peer('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = peer('@modelcontextprotocol/sdk/client/stdio.js');
const { StreamableHTTPClientTransport } = peer('@modelcontextprotocol/sdk/client/streamableHttp.js');
const { LoggingMessageNotificationSchema } = peer('@modelcontextprotocol/sdk/types.js');

await run(async () => {
  const ways = { stdio: () => new StdioClientTransport({ command: program, args: ['mcp'], env: environment }) };
  if (url) ways.http = () => new StreamableHTTPClientTransport(new URL(url));
  for (const [name, transport] of Object.entries(ways)) {
    console.log(`-- ${name}`);
    const client = new Client({ name: 'clients', version: '1' });
    const lines = [];
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      lines.push([params.level, params.data]);
    });
    await client.connect(transport());
    await through(client);

    await client.setLoggingLevel('debug');
    const progress = [];
    const onprogress = ({ progress: done, total }) => progress.push([done > 0, total]);
    const code = "import time\nprint('first')\ntime.sleep(1.5)\nprint('last')";
    await client.callTool({ name: 'run_python', arguments: { code } }, undefined, { onprogress });
    check('output comes while code runs', lines, [['info', 'first'], ['info', 'last']]);
    check('progress comes each second', progress.slice(0, 1), [[true, 10]]);

    const nothing = client.callTool({ name: 'no_such_tool', arguments: {} });
    check('an unknown tool is an error of the protocol', await nothing.catch(({ code }) => code), -32602);
    await client.close();
  }
});
