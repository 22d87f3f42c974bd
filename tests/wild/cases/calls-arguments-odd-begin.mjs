import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, piece, stream } from '../wire.mjs';

const FIRST = { braces: '{}', null: null, space: ' ', brace: '{' };
export default {
  source: 'ogx-ai/ogx#5462 (vLLM), agentjido/req_llm#801 (llama.cpp)',
  saw: 'the tool is called with nothing, or with broken JSON',
  shape: 'the piece with the name has arguments "{}", null, a blank or the first brace; the others follow',
  right: '{} before the real ones is none; a first brace belongs to them',
  variants: Object.keys(FIRST),
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: FIRST[variant] })),
    chunk(piece({ args: variant === 'brace' ? '"text":' : '{"text":' })), chunk(piece({ args: '"one"}' })), chunk({}, 'tool_calls'), DONE),
  check: run => assert.deepEqual(run.w.results(run.requests[1].body), { call_a: 'one' }),
};
