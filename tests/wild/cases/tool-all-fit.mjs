import assert from 'node:assert/strict';
import { unfit } from '../fit.mjs';

export default {
  source: 'typesense/typesense#3059, anthropics/claude-code#79418, microsoft/vscode-copilot-release#9375: all tools of all these cases at once',
  saw: 'the provider checks all tools of each question, so one spoils all',
  shape: 'every MCP server of this folder is connected; the first tool that is not fit is refused',
  right: 'what is offered is fit: names, descriptions, schemas at every depth, their number',
  wires: ['openai', 'anthropic'],
  requests: 1,
  answer: (req, n, variant, w) => {
    const tools = w.tools(req);
    for (const [i, t] of tools.entries()) {
      const why = !/^[a-zA-Z0-9_-]{1,64}$/.test(t.name) ? 'its name' : t.description === '' ? 'an empty description' : unfit(t.schema);
      if (why) return w.refuse(`tools[${i}] ${t.name}: ${why}`);
    }
    return new Set(tools.map(t => t.name)).size < tools.length ? w.refuse('names twice') : w.name === 'openai' && tools.length > 128 ? w.refuse('too many tools') : w.say();
  },
  check: run => assert.ok(run.w.tools(run.requests[0].body).length > 10, 'tools are offered'),
};
