import assert from 'node:assert/strict';
import { error, refuse } from '../wire.mjs';

const MODEL = 'quirks-stated:8b'; /* a model's name may hold a colon */
const said = {
  'no': { quirks: ['stream_options=no'], requests: 1 },
  'no-host': { quirks: ['openai:stream_options=no'], requests: 1 },
  'no-model': { quirks: [`openai/${MODEL}:stream_options=no`], requests: 1 },
  /* Refused, and it stays so: the operator's word stands. */
  'yes': { quirks: ['stream_options=yes'], requests: 1, fails: true },
  'yes-model': { quirks: [`openai/${MODEL}:stream_options=yes`], requests: 1, fails: true },
  /* Of others: this one learns. */
  'others': { quirks: ['groq:stream_options=no', 'openai/another:stream_options=no'], requests: 2 },
  /* What was learned before, the operator takes back. */
  'yes-learned': { quirks: ['stream_options=yes'], requests: 1, fails: true },
};
export default {
  source: 'issues of gateways that learn: whoever knows better must be able to say so',
  saw: 'a wrong guess that nobody can undo',
  shape: 'a server that refuses stream_options; llm.quirks says that it does, or does not, with and without a backend',
  right: 'llm.quirks is believed, for the backends that it names',
  variants: Object.keys(said),
  model: MODEL,
  settings: (url, variant) => ({ llm: { quirks: said[variant].quirks } }),
  reply: /./,
  answer: (req, n, variant, w) => req.stream_options ? refuse(400, error('Unrecognized request argument supplied: stream_options')) : w.say(),
  check: run => {
    const { requests, fails } = said[run.variant];
    assert.equal(run.requests.length, requests, 'requests');
    assert.equal(run.reply === 'right answer', !fails, run.reply);
    assert.equal(run.requests[0].body.stream_options === undefined, !fails && requests === 1);
  },
};
