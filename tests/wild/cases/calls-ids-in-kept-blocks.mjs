import assert from 'node:assert/strict';
import { close, delta, ended, open, start, STOP, stream, useBlock } from '../wire.mjs';
const IDS = { missing: [undefined, undefined], same: ['toolu_1', 'toolu_1'], empty: ['', ''], kimi: ['functions.echo:0', 'functions.echo:1'], long: ['toolu_' + 'x'.repeat(80) + 'a', 'toolu_' + 'x'.repeat(80) + 'b'], alike: ['a.b', 'a:b'], spaced: ['call a', 'call_a'] };
const T = open(0, { type: 'thinking', thinking: '', signature: '' }) + delta(0, { type: 'thinking_delta', thinking: 'I need it.' }) + delta(0, { type: 'signature_delta', signature: 'c2ln' }) + close(0);
export default {
  source: 'twin of ml-explore/mlx-lm#1375 and jundot/omlx#1997 on Messages; BerriAI/litellm#28868; theopenco/llmgateway#3389 (ids that are not toolu_)',
  saw: 'the question after a call is refused: ids do not match, or are not unique',
  shape: 'thoughts, then two calls whose ids are missing, the same, long or alike',
  right: 'each call has an id of its own, and its result has it, too',
  wires: ['anthropic'],
  variants: Object.keys(IDS),
  requests: 2,
  answer: (req, n, variant, w) => {
    if (n > 0) return w.say();
    const b = (text, index, id) => { const o = { type: 'tool_use', name: 'echo', input: {} }; if (id !== undefined) o.id = id; return open(index, o) + delta(index, { type: 'input_json_delta', partial_json: JSON.stringify({ text }) }) + close(index); };
    return stream(start(), T, b('one', 1, IDS[variant][0]), b('two', 2, IDS[variant][1]), ended('tool_use'), STOP);
  },
  check: run => {
    const { w } = run, b = run.requests[1].body;
    assert.deepEqual(w.sent(b).map(c => c.args.text), ['one', 'two'], 'both calls go back');
    assert.deepEqual(Object.values(w.results(b)), ['one', 'two'], 'both results go back');
  },
};
