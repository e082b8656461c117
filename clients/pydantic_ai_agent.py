"""PyPI's pydantic-ai: an agent whose model is a function of ours, which calls the tools and keeps what it is shown."""

import json

from checks import ENVIRONMENT, PROGRAM, TOOLS, calls, check, handle, run, told
from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel

shown = []


def model(messages, info):
    """Makes a session, then every call, and ends."""
    parts = [part for part in messages[-1].parts if isinstance(part, ToolReturnPart)]
    if not parts:
        check("the model is offered the tools", [tool.name for tool in info.function_tools], TOOLS)
        return ModelResponse(parts=[ToolCallPart("session_create", {"language": "python"})])
    shown.extend(parts)
    todo = calls(shown[0].content["session"])[len(shown) - 1 :]
    if not todo:
        return ModelResponse(parts=[TextPart("done")])
    return ModelResponse(parts=[ToolCallPart(todo[0]["tool"], todo[0]["arguments"])])


def stubborn(messages, _info):
    """Makes the same mistake three times, and ends."""
    if len(messages) > 6:
        return ModelResponse(parts=[TextPart("done")])
    return ModelResponse(parts=[ToolCallPart("run_python", {"code": "1/0"})])


async def unheard(_line):
    pass


def toolset(**more):
    server = StdioTransport(command=PROGRAM, args=["mcp"], env=ENVIRONMENT)
    return MCPToolset(server, log_handler=unheard, **more)


async def main():
    result = await Agent(FunctionModel(model), toolsets=[toolset()]).run("Begin.")
    check("the agent comes to its end", result.output, "done")

    for call, part in zip(calls(handle(shown[0].content)), shown[1:], strict=True):
        if call["is_error"]:
            # The model is asked to try again, with the JSON of what is for programs.
            check(call["what"], told(json.loads(part.content)), call["structured"])
            check("... and the model may try again", part.outcome, "retried")
        elif call["structured"]:
            # The model sees what is for programs, and not the text.
            check(call["what"], told(part.content), call["structured"])
        else:
            check(call["what"], part.content, call["text"])

    tools = toolset(tool_error_behavior="failed")
    result = await Agent(FunctionModel(stubborn), toolsets=[tools]).run("Begin.")
    check("a model may make mistakes where errors are results", result.output, "done")


run(main())
