"""PyPI's mcp 2: the protocol's Python SDK, which asks what there is (2026-07-28), and shakes hands when it is told to."""

from checks import ENVIRONMENT, PROGRAM, TOOLS, URL, calls, check, handle, run, told
from mcp import Client, MCPError, StdioServerParameters

STDIO = StdioServerParameters(command=PROGRAM, args=["mcp"], env=ENVIRONMENT)

lines = []


async def logged(message):
    lines.append((message.level, message.data))


async def through(server, mode, version):
    print(f"-- {'stdio' if server is STDIO else 'http'}, {version}")
    lines.clear()
    async with Client(server, mode=mode, logging_callback=logged, log_level="info") as client:
        check(f"both speak {version}", client.protocol_version, version)
        check("the tools are listed", [tool.name for tool in (await client.list_tools()).tools], TOOLS)

        created = await client.call_tool("session_create", {"language": "python"})
        session = handle(created.structured_content)
        for call in calls(session):
            # The client holds structured content against the tool's schema by itself.
            result = await client.call_tool(call["tool"], call["arguments"])
            check(call["what"], [block.text for block in result.content], [call["text"]])
            check("... and to programs", told(result.structured_content), call["structured"])
            check("... and as a success or not", result.is_error, call["is_error"])
        if mode != "legacy":
            expected = [("info", "hé"), ("warning", "note"), ("info", "before"), ("info", "3")]
            check("output comes while code runs", lines, expected)

        code = "open('/output/a.txt', 'w').write('left')"
        left = await client.call_tool("run_python", {"code": code, "session": session})
        read = await client.read_resource(left.structured_content["files"][0]["uri"])
        check("a file that code left is a resource", [part.text for part in read.contents], ["left"])

        try:
            await client.call_tool("no_such_tool", {})
            check("an unknown tool is an error of the protocol", "a result", "an error")
        except MCPError as error:
            check("an unknown tool is an error of the protocol", error.code, -32602)


async def main():
    for server in [STDIO, URL] if URL else [STDIO]:
        await through(server, "auto", "2026-07-28")
        await through(server, "legacy", "2025-11-25")


run(main())
