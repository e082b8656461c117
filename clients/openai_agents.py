"""PyPI's openai-agents: its server object by itself, and an agent whose model is ours and keeps what it is shown."""

import json

from agents import Agent, Runner, Usage, set_tracing_disabled
from agents.items import ModelResponse
from agents.mcp import MCPServerStdio
from agents.models.interface import Model
from checks import ENVIRONMENT, PROGRAM, TOOLS, calls, check, handle, run, told
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText


class Caller(Model):
    """Makes every call, and ends."""

    def __init__(self, todo):
        self.todo, self.shown = todo, []

    async def get_response(self, *, input, **_more):
        outputs = [item for item in input if item.get("type") == "function_call_output"]
        self.shown = [item["output"] for item in outputs]
        step = len(self.shown)
        if step < len(self.todo):
            call = self.todo[step]
            item = ResponseFunctionToolCall(
                type="function_call", call_id=f"call-{step}", name=call["tool"], arguments=json.dumps(call["arguments"])
            )
        else:
            text = ResponseOutputText(type="output_text", text="done", annotations=[])
            item = ResponseOutputMessage(id="m", type="message", role="assistant", status="completed", content=[text])
        return ModelResponse(output=[item], usage=Usage(), response_id=None)

    def stream_response(self, *_arguments, **_more):
        raise NotImplementedError


async def main():
    set_tracing_disabled(True)
    async with MCPServerStdio({"command": PROGRAM, "args": ["mcp"], "env": ENVIRONMENT}) as server:
        check("the tools are listed", [tool.name for tool in await server.list_tools()], TOOLS)
        created = await server.call_tool("session_create", {"language": "python"})
        todo = calls(handle(created.structured_content))
        for call in todo:
            result = await server.call_tool(call["tool"], call["arguments"])
            check(call["what"], [block.text for block in result.content], [call["text"]])
            check("... and to programs", told(result.structured_content), call["structured"])
            check("... and as a success or not", bool(result.is_error), call["is_error"])

        model = Caller(todo)
        result = await Runner.run(Agent("caller", model=model, mcp_servers=[server]), "Begin.", max_turns=20)
        check("the agent comes to its end", result.final_output, "done")
        for call, shown in zip(todo, model.shown, strict=True):
            check(f"{call['what']}, to the model", shown, [{"type": "input_text", "text": call["text"]}])


run(main())
