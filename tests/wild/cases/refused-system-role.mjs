import assert from 'node:assert/strict';
import { again } from '../again.mjs';
import { error, refuse } from '../wire.mjs';

const said = {
  vllm: [400, { object: 'error', message: 'System role not supported', type: 'BadRequestError', param: null, code: 400 }],
  llamacpp: [500, { error: { code: 500, message: "\n------------\nWhile executing CallExpression at line 1, column 68 in source:\n... %}{{ raise_exception('System role not supported') }}{% endif %}...\nError: Jinja Exception: System role not supported", type: 'server_error' } }],
  openai: [400, error("Unsupported value: 'messages[0].role' does not support 'system' with this model.", { param: 'messages[0].role', code: 'unsupported_value' })],
};
export default {
  source: 'vllm-project/vllm#2964, huggingface/chat-ui#1386, stanfordnlp/dspy#1627, sgl-project/sglang#892, abetlen/llama-cpp-python#1580',
  saw: 'Gemma and others refuse each question',
  shape: 'no role system in the model\'s template: 400 from vLLM, 500 with a trace from llama.cpp; or a value that is not supported',
  right: 'its text goes before the person\'s first words; remembered',
  variants: Object.keys(said),
  requests: 2,
  answer: (req, n, variant, w) => w.roles(req).includes('system') ? refuse(...said[variant]) : w.say(),
  check: async run => {
    const { body: b } = run.requests[1];
    assert.equal(b.messages[0].role === 'user' || b.messages[0].role === 'developer', true, b.messages[0].role);
    assert.match(run.w.texts(b)[0], /What a tool returns/, 'what the system said is there');
    await again(1)(run);
  },
};
