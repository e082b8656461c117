"""PyPI's fastmcp: its client makes an object of what a tool gives, by the tool's schema, and an exception of an error."""

from checks import ENVIRONMENT, PROGRAM, TOOLS, URL, calls, check, handle, run, told
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import ToolError


async def through(name, server):
    print(f"-- {name}")
    lines = []

    async def logged(message):
        lines.append((message.level, message.data))

    async with Client(server, log_handler=logged) as client:
        check("the tools are listed", [tool.name for tool in await client.list_tools()], TOOLS)
        created = await client.call_tool("session_create", {"language": "python"})
        check("what a tool gives becomes an object", created.data.language, "python")
        for call in calls(handle(created.structured_content)):
            try:
                result = await client.call_tool(call["tool"], call["arguments"])
            except ToolError as error:
                check(call["what"], str(error), call["text"])
                check("... and raises", True, call["is_error"])
                continue
            check(call["what"], [block.text for block in result.content], [call["text"]])
            check("... and to programs", told(result.structured_content), call["structured"])
            if call["structured"]:
                check("... and as an object", result.data.stdout, call["structured"]["stdout"])
            check("... and raises nothing", call["is_error"], False)
        expected = [("info", "hé"), ("warning", "note"), ("info", "before"), ("info", "3")]
        check("output comes while code runs", lines, expected)


async def main():
    await through("stdio", StdioTransport(command=PROGRAM, args=["mcp"], env=ENVIRONMENT))
    if URL:
        await through("http", URL)


run(main())
