import assert from 'node:assert/strict';
import { BEGIN, chunk, data, DONE, piece, stream } from '../wire.mjs';
const A = '{"text":"one"}';
const S = {
  'args-array': () => stream(BEGIN, chunk(piece({ id: 'call_a', name: 'health', args: '[]' })), chunk({}, 'tool_calls'), DONE),
  'calls-object': () => stream(BEGIN, chunk({ tool_calls: { index: 0, id: 'call_a', type: 'function', function: { name: 'echo', arguments: A } } }), chunk({}, 'tool_calls'), DONE),
  'function-parameters': () => stream(BEGIN, chunk({ tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: { name: 'echo', parameters: { text: 'one' } } }] }), chunk({}, 'tool_calls'), DONE),
  'whole-message-repeats-calls': () => stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: A })), data({ choices: [{ index: 0, delta: {}, message: { role: 'assistant', content: '', tool_calls: [{ id: 'call_a', type: 'function', function: { name: 'echo', arguments: A } }] }, finish_reason: 'tool_calls' }] }), DONE),
  'call-after-stop': () => stream(BEGIN, chunk({ content: 'Let me see. ' }), chunk({}, 'stop'), chunk(piece({ id: 'call_a', name: 'echo', args: A })), DONE),
  'call-pieces-after-stop': () => stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: '{"te' })), chunk({}, 'tool_calls'), chunk(piece({ args: 'xt":"one"}' })), DONE),
  'id-number': () => stream(BEGIN, chunk({ tool_calls: [{ index: 0, id: 7, type: 'function', function: { name: 'echo', arguments: A } }] }), chunk({}, 'tool_calls'), DONE),
  'index-huge': () => stream(BEGIN, chunk(piece({ index: 1749032296123, id: 'call_a', name: 'echo', args: '{"text":' })), chunk(piece({ index: 1749032296123, args: '"one"}' })), chunk({}, 'tool_calls'), DONE),
  'index-float': () => stream(BEGIN, chunk(piece({ index: 0, id: 'call_a', name: 'echo', args: '{"text":' })).replace('"index":0,"id"', '"index":0.0,"id"'), chunk(piece({ args: '"one"}' })), chunk({}, 'tool_calls'), DONE),
  'big-int': () => stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one","n":18446744073709551615}' })), chunk({}, 'tool_calls'), DONE),
  'unquoted-nan': () => stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one","n":NaN}' })), chunk({}, 'tool_calls'), DONE),
  'python': () => stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: "{'text': 'one', 'b': True}" })), chunk({}, 'tool_calls'), DONE),
  'trailing-brace': () => stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one"}}' })), chunk({}, 'tool_calls'), DONE),
  'trailing-eos': () => stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one"}<|im_end|>' })), chunk({}, 'tool_calls'), DONE),
  'leading-junk': () => stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: 'json\n{"text":"one"}' })), chunk({}, 'tool_calls'), DONE),
  'dup-key': () => stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"two","text":"one"}' })), chunk({}, 'tool_calls'), DONE),
};
export default {
  source: 'vllm-project/vllm#34887, sgl-project/sglang#12226 (index -1), BerriAI/litellm#11407, PHP relays ([] for {}), lidge-jun/opencodex#361; DashScope, Cohere and Ollama shapes',
  saw: 'a call that is lost or refused',
  shape: 'calls of unusual shape, one a variant',
  right: 'where it is sure what is meant it is called once',
  variants: Object.keys(S),
  answer: (req, n, variant, w) => n > 0 ? w.say(`right answer; ${JSON.stringify(Object.values(w.results(req)))}`) : S[variant](),
  check: run => {
    const b = run.requests[1]?.body; assert.ok(b, 'no second request: ' + run.reply);
    const r = Object.values(run.w.results(b));
    assert.equal(r.length, 1, JSON.stringify(r));
    if (run.variant === 'args-array') assert.doesNotMatch(r[0], /argument|JSON|object/i, r[0]); else assert.equal(r[0], 'one');
  },
};
