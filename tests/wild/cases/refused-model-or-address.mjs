import assert from 'node:assert/strict';
import { body, error, refuse } from '../wire.mjs';

const UNKNOWN = /does not exist at its provider.* needs the operator; trying again will not help\.$/;
const NOWHERE = /is not that of a language model.* needs the operator; trying again will not help\.$/;
const said = {
  ollama: ['model', refuse(404, { error: { message: 'model "x" not found, try pulling it first', type: 'api_error', param: null, code: null } })],
  litellm: ['model', refuse(400, { error: { message: { error: '/chat/completions: Invalid model name passed in model=x. Call `/v1/models` to view available models for your key.' }, type: 'None', param: 'None', code: '400' } })],
  deepseek: ['model', refuse(400, error('Model Not Exist'))],
  'no right to it': ['model', refuse(403, error('Project `p` does not have access to model `x`', { code: 'model_not_found' }))],
  'no /v1': ['address', refuse(404, error('Invalid URL (POST /chat/completions)'))],
  go: ['address', body('404 page not found', { status: 404, type: 'text/plain' })],
  fastapi: ['address', refuse(404, { detail: 'Not Found' })],
  'lm studio': ['address', body({ error: 'Unexpected endpoint or method. (POST /chat/completions). Returning 200 anyway' })],
  method: ['address', body('<html><head><title>405 Not Allowed</title></head></html>', { status: 405, type: 'text/html' })],
};

export default {
  source: 'cline/cline#240, OpenHands/OpenHands#485, abetlen/llama-cpp-python#1032, jakobdylanc/llmcord#56, anjerodev/commitollama#5, netease-youdao/QAnything#555, BerriAI/litellm#8821',
  saw: 'one sentence for a model that is not pulled, an address without /v1 and a server that is away: the wrong thing was looked for',
  shape: 'a model that the server does not know, or nothing at that address, each as its server says it',
  right: 'each has its sentence and its kind; asked once, as no repeat helps',
  variants: Object.keys(said),
  wires: ['openai'],
  requests: 1,
  reply: /needs the operator/,
  answer: (req, n, variant) => said[variant][1],
  check: run => {
    const [kind] = said[run.variant];
    assert.match(run.reply, kind === 'model' ? UNKNOWN : NOWHERE);
    const [line] = run.log.filter(l => l.event === 'model_failed');
    assert.deepEqual([line.level, line.kind], ['error', kind]);
  },
};
