import assert from 'node:assert/strict';
import { refuse } from '../wire.mjs';

const said = {
  llamacpp: [500, { error: { code: 500, message: "\n------------\nWhile executing CallExpression at line 189, column 32 in source:\n...== 0) %}\n {{- raise_exception('After the optional system message, con...\nError: Jinja Exception: After the optional system message, conversation roles must alternate user and assistant roles except for tool calls and results.", type: 'server_error' } }],
  vllm: [400, { object: 'error', message: 'Conversation roles must alternate user/assistant/user/assistant/...', type: 'BadRequestError', param: null, code: 400 }],
};
export default {
  source: 'eclipse-theia/theia#17104, mistralai/mistral-vibe#1006, nextai-translator/raycast-openai-translator#34, mcowger/generic-copilot#43 (LM Studio)',
  saw: 'the first call of a tool works, what follows is an error of a template',
  shape: 'user and assistant must take turns, calls and results not counted; 500 from llama.cpp, 400 from vLLM',
  right: 'nobody speaks twice; the chat goes on',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(said),
  before: 2,
  settings: { llm: { rounds: 2 } },
  answer: (req, n, variant, w) => {
    const spoken = req.messages.filter(m => m.role !== 'tool' && !m.tool_calls && m.role !== 'system').map(m => m.role);
    if (spoken.some((r, i) => r !== (i % 2 ? 'assistant' : 'user'))) return refuse(...said[variant]);
    return w.noTools(req) || w.rounds(req) >= 2 ? w.say() : w.call('echo', '{"text":"one"}', `call_${n}`);
  },
  check: run => assert.ok(run.requests.some(r => run.w.rounds(r.body) >= 2), 'the last round came'),
};
