import assert from 'node:assert/strict';
import { chunk, DONE, stream, usage } from '../wire.mjs';

export default {
  source: 'NousResearch/hermes-agent#3444, Mininglamp-OSS/octo-smart-summary#2',
  saw: 'useless repeats, then an error that names nothing',
  shape: 'each answer is thoughts up to the limit, however large it is',
  right: 'two questions, then the setting is named where the operator looks',
  requests: 2,
  reply: /./,
  answer: () => stream(chunk({ role: 'assistant', content: '', reasoning_content: 'Let me think' }), chunk({}, 'length'), usage(), DONE),
  check: run => {
    assert.doesNotMatch(run.reply, /Let me think/);
    assert.match(JSON.stringify(run.log) + run.reply, /max_tokens/i);
  },
};
