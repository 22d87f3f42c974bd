import assert from 'node:assert/strict';
import { plainMcp, TEXT } from '../wire.mjs';

const NAMES = ['calendar.read', 'calendar/read', 'calendar_read', 'a'.repeat(80), `${'a'.repeat(80)}b`, 'スキル検索', 'with blank', 'UPPER.lower-9'];
export default {
  source: 'modelcontextprotocol/csharp-sdk#679, l22-io/orchard-mcp#14, github/copilot-cli#1879, openai/codex#8174, barryw/ImmichMCP#4, defilantech/LLMKube#1525',
  saw: 'a server whose tools have dots in their names ends every chat',
  shape: 'names with dots, slashes, blanks, other scripts, 80 letters; some become the same when they are made fit',
  right: 'each is offered under a name of its own that is accepted, and the server is called by its own',
  wires: ['openai', 'anthropic'],
  tool: 'calendar_read',
  requests: 2,
  answer: (req, n, variant, w) => {
    if (n > 0) return w.say();
    const tools = w.tools(req), bad = tools.findIndex(t => !/^[a-zA-Z0-9_-]{1,64}$/.test(t.name));
    if (bad !== -1) return w.refuse(`Invalid 'tools[${bad}].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`);
    const mine = tools.filter(t => t.name.startsWith('tool-names__'));
    return new Set(mine.map(t => t.name)).size < NAMES.length ? w.say(`only ${mine.map(t => t.name)}`) : w.calls(mine.map((t, i) => [t.name, { text: 'x' }, `call_${i}`]));
  },
  mcp: m => plainMcp(m, { tools: NAMES.map(name => ({ name, description: 'a name', inputSchema: TEXT })), result: { content: [{ type: 'text', text: m.body.params?.name ?? '' }] } }),
  check: run => assert.deepEqual(Object.values(run.w.results(run.requests[1].body)).sort(), [...NAMES].sort()),
};
