// Tools: functions of the host's that code may call, as methods of the global `tools`.
(function (host, glue, global) {
  'use strict';

  const { define, encodeUtf8, decodeUtf8 } = host;
  const { parse, stringify } = JSON;
  const TOOL = 1;
  const NAME = 1;
  const ARGUMENTS = 2;
  const ERROR = 1;
  const FULL = 'too many calls of tools and requests over the network are open in this sandbox; await some of them first';
  const waiting = [];  // who waits until another call is over, since too many are open

  class ToolError extends Error {
    get name() { return 'ToolError'; }
  }

  function request(name, args) {
    if (args === null || typeof args !== 'object') {
      throw new TypeError(`${name} takes one object with its arguments, not ${args === null ? 'null' : typeof args}`);
    }
    return glue.encodeFields([[NAME, encodeUtf8(name)], [ARGUMENTS, encodeUtf8(stringify(args))]]);
  }

  function result(field) {
    if (field === null) {
      throw new ToolError('the call was lost: what was open is given up when a session is copied, restored or rolled back');
    }
    if (field[0] === ERROR) throw new ToolError(decodeUtf8(field[1].subarray(4), false));
    return parse(decodeUtf8(field[1], false));
  }

  // Calls it and waits.
  function wait(name, args) {
    const id = host.begin(TOOL, request(name, args));
    if (id === 0) throw new ToolError(FULL);
    try {
      let field;
      while ((field = host.take(id)) === undefined) host.wait(id);
      return result(field);
    } finally {
      host.drop(id);
    }
  }

  // Calls it, and lets others go on meanwhile.
  async function answer(name, args) {
    const bytes = request(name, args);
    let id;
    while ((id = host.begin(TOOL, bytes)) === 0) await new Promise((resolve) => { waiting.push(resolve); });
    try {
      let field;
      while ((field = host.take(id)) === undefined) await new Promise((resolve) => { host.watch(id, resolve); });
      return result(field);
    } finally {
      host.drop(id);
      waiting.shift()?.();
    }
  }

  glue.installTools = (described) => {
    const tools = Object.create(null);
    for (const { name, about, awaited, parameters, returns } of parse(described)) {
      const call = awaited ? answer : wait;
      const tool = { [name]: (args = {}) => call(name, args) }[name];
      Object.defineProperties(tool, {
        callAsync: { value: (args = {}) => answer(name, args) },
        about: { value: about },
        schema: { value: { parameters, returns } },
      });
      tools[name] = Object.freeze(tool);
    }
    tools.ToolError = ToolError;
    define('tools', Object.freeze(tools));
  };
})
