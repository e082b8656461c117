"""PyPI's mcp 1: the protocol's Python SDK in its older line, which shakes hands (2025-11-25)."""

from checks import ENVIRONMENT, PROGRAM, TOOLS, calls, check, handle, run, told
from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.stdio import stdio_client

lines = []


async def logged(message):
    lines.append((message.level, message.data))


async def main():
    server = StdioServerParameters(command=PROGRAM, args=["mcp"], env=ENVIRONMENT)
    async with stdio_client(server) as streams, ClientSession(*streams, logging_callback=logged) as client:
        hello = await client.initialize()
        check("both speak 2025-11-25", hello.protocolVersion, "2025-11-25")
        check("the tools are listed", [tool.name for tool in (await client.list_tools()).tools], TOOLS)

        created = await client.call_tool("session_create", {"language": "python"})
        for call in calls(handle(created.structuredContent)):
            # The client holds structured content against the tool's schema by itself.
            result = await client.call_tool(call["tool"], call["arguments"])
            check(call["what"], [block.text for block in result.content], [call["text"]])
            check("... and to programs", told(result.structuredContent), call["structured"])
            check("... and as a success or not", result.isError, call["is_error"])

        await client.set_logging_level("debug")
        progress = []

        async def went_on(done, total, _message):
            progress.append((done > 0, total))

        code = "import time\nprint('first')\ntime.sleep(1.5)\nprint('last')"
        await client.call_tool("run_python", {"code": code}, progress_callback=went_on)
        check("output comes while code runs", lines, [("info", "first"), ("info", "last")])
        check("progress comes each second", progress[:1], [(True, 10.0)])

        try:
            await client.call_tool("no_such_tool", {})
            check("an unknown tool is an error of the protocol", "a result", "an error")
        except McpError as error:
            check("an unknown tool is an error of the protocol", error.error.code, -32602)


run(main())
