import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, piece, stream } from '../wire.mjs';

export default {
  source: 'ml-explore/mlx-lm#1375, jundot/omlx#1997',
  saw: 'results go back without a call to belong to, and are refused',
  shape: 'two calls by index; ids are missing, null or empty',
  right: 'ids are made up, each another, and go back with call and result',
  variants: ['missing', 'null', 'empty'],
  answer: (req, n, variant, w) => {
    const id = { missing: undefined, null: null, empty: '' }[variant];
    return n > 0 ? w.say() : stream(BEGIN, chunk(piece({ index: 0, id, name: 'echo', args: '{"text":"one"}' })), chunk(piece({ index: 1, id, name: 'echo', args: '{"text":"two"}' })), chunk({}, 'tool_calls'), DONE);
  },
  check: run => {
    const { body: b } = run.requests[1];
    const sent = run.w.sent(b), results = run.w.results(b);
    assert.equal(new Set(sent.map(c => c.id)).size, 2);
    assert.deepEqual(sent.map(c => results[c.id]), ['one', 'two']);
  },
};
