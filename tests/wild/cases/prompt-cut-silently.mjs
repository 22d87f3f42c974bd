import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, stream, usage } from '../wire.mjs';

export default {
  source: 'lmstudio-ai/lmstudio-bug-tracker#1806 and #2339; Ollama\'s num_ctx',
  saw: 'the model answers as if it had never read the question: the server had cut the prompt and said nothing',
  shape: 'a good answer whose usage counts 64 tokens of the prompt, where thousands were sent',
  right: 'the answer is given, and the operator is warned',
  settings: url => ({ chat: { host: 'ollama' }, llm: { base_url: `${url}/v1` } }),
  requests: 1,
  message: `Please read this. ${'All of it is important. '.repeat(70)}`,
  answer: () => stream(BEGIN, chunk({ content: 'right answer' }), chunk({}, 'stop'), usage(64, 9), DONE),
  check: run => assert.ok(run.log.some(l => l.level === 'warn' && /context|prompt/i.test(JSON.stringify(l))), 'a warning'),
};
