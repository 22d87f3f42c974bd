import assert from 'node:assert/strict';
import { error, plainMcp, refuse, TEXT } from '../wire.mjs';

export default {
  source: 'microsoft/vscode-copilot-release#9375 and #11653',
  saw: 'several MCP servers at once, and no question is answered: more than 128 tools',
  shape: 'a server with 130 tools; OpenAI allows 128',
  right: '128 go at most, each server keeps some, the operator is told of the others; the chat works',
  tool: 't0',
  learns: true,
  requests: 1,
  answer: (req, n, variant, w) => (req.tools?.length ?? 0) <= 128 ? w.say() : refuse(400, error(
    `Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length ${req.tools.length} instead.`, { code: 'array_above_max_length', param: 'tools' })),
  mcp: m => plainMcp(m, { tools: Array.from({ length: 130 }, (_, i) => ({ name: `t${i}`, description: `number ${i}`, inputSchema: TEXT })) }),
  check: run => {
    const names = run.w.tools(run.requests[0].body).map(t => t.name);
    assert.ok(names.includes('echo'), 'built-in tools come first');
    assert.ok(names.some(x => x.startsWith('tool-too-many__')), 'this server has some');
  },
};
