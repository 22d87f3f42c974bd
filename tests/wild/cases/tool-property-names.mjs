import assert from 'node:assert/strict';
import { plainMcp } from '../wire.mjs';

const KEY = /^[a-zA-Z0-9_.-]{1,64}$/;
const long = 'a'.repeat(70);
const badKey = s => s && typeof s === 'object' && (Object.keys(s.properties ?? {}).some(k => !KEY.test(k)) || Object.values(s).some(badKey));
export default {
  source: 'anthropics/claude-code#79418, ComposioHQ/composio#3500, beautyfree/appstore-connect-mcp#2, decocms/studio#6874',
  saw: 'one tool of one server, and every question of every chat fails',
  shape: 'properties named filter[id], $top, or with 70 letters; Anthropic has a pattern for them',
  right: 'renamed, and mapped back in the call; or that tool is left out: the chat works',
  wires: ['anthropic', 'openai'],
  learns: true,
  reply: /^(right answer|left out)$/,
  answer: (req, n, variant, w) => {
    const tools = w.tools(req), i = tools.findIndex(t => badKey(t.schema));
    if (i !== -1) return w.refuse(`tools.${i}.custom.input_schema.properties: Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'`);
    const mine = tools.find(t => t.name === 'tool-property-names__ping');
    if (!mine) return w.say('left out');
    if (Object.keys(w.results(req)).length) return w.say();
    return w.call(mine.name, Object.fromEntries(Object.keys(mine.schema.properties).map((k, j) => [k, mine.schema.properties[k].type === 'integer' ? j : `v${j}`])));
  },
  mcp: m => plainMcp(m, { tools: [{ name: 'ping', description: 'lists', inputSchema: { type: 'object', properties: { 'filter[id]': { type: 'string' }, $top: { type: 'integer' }, [long]: { type: 'string' } } } }] }),
  check: run => {
    if (run.reply !== 'right answer') return;
    const call = run.mcp.find(m => m.method === 'tools/call');
    assert.deepEqual(Object.keys(call.body.params.arguments).sort(), ['filter[id]', '$top', long].sort(), 'the server sees its own names');
  },
};
