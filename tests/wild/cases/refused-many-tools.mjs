import assert from 'node:assert/strict';
import { again } from '../again.mjs';
import { error, plainMcp, refuse, TEXT } from '../wire.mjs';

const bad = /^refused-many-tools__bad/;
export default {
  source: 'twin of refused-tool-by-name: more tools than a question is repeated',
  saw: 'no question is ever answered',
  shape: 'six schemas are refused, one at a time',
  right: 'the last repeat is asked without tools, so it is answered and what was learned is kept; then the rest',
  wires: ['openai', 'anthropic'],
  learns: true,
  requests: 5,
  answer: (req, n, variant, w) => {
    const t = w.tools(req).find(x => bad.test(x.name));
    return t ? refuse(400, error(`Invalid schema for function '${t.name}': 'x-odd' is not permitted.`)) : w.say();
  },
  mcp: m => plainMcp(m, { tools: [1, 2, 3, 4, 5, 6].map(i => ({ name: `bad${i}`, description: 'odd', inputSchema: TEXT })) }),
  check: async run => {
    const offered = () => run.w.tools(run.requests.at(-1).body).map(t => t.name);
    assert.deepEqual(offered(), []);
    await again(3)(run);
    assert.ok(offered().includes('echo') && !offered().some(t => bad.test(t)), offered().join());
    await again(1)(run);
  },
};
