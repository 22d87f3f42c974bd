import assert from 'node:assert/strict';
import { refuse } from '../wire.mjs';

export default {
  source: 'aaif-goose/goose#5998, avante-corp/avante.nvim#2562, NousResearch/hermes-agent#20154, mistralai/mistral-vibe#578',
  saw: 'with Mistral a 400 as soon as words of a person follow a result of a tool',
  shape: 'after the last round of tools a user message asks for the sum; code 3230',
  right: 'nobody speaks between the results and the answer (or an assistant does before the person)',
  settings: { llm: { rounds: 2 } },
  answer: (req, n, variant, w) => {
    const roles = w.roles(req);
    if (roles.some((r, i) => r === 'user' && roles[i - 1] === 'tool'))
      return refuse(400, { object: 'error', message: "Unexpected role 'user' after role 'tool'", type: 'invalid_request_message_order', param: null, code: '3230' });
    return w.noTools(req) || w.rounds(req) >= 2 ? w.say() : w.call('echo', '{"text":"one"}', `abcdefg0${n}`);
  },
  check: run => assert.ok(run.requests.some(r => run.w.rounds(r.body) >= 2), 'the last round came'),
};
