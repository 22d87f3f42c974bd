import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, stream } from '../wire.mjs';

export default {
  source: 'etkecc/baibot#30, matsonj/eval-connections#20; omission advised by DeepSeek for R1',
  saw: 'the history fills with thoughts, and the model goes in circles',
  shape: 'thoughts in tags, in reasoning and in reasoning_content; then a second question',
  right: 'no request of a later turn has them',
  variants: ['tags', 'reasoning', 'reasoning_content'],
  requests: 1,
  answer: (req, n, variant, w) => n > 0 ? w.say() : variant === 'tags' ? stream(BEGIN, chunk({ content: '<think>SECRET-THOUGHT</think>right answer' }), chunk({}, 'stop'), DONE)
    : stream(chunk({ role: 'assistant', content: '', [variant]: 'SECRET-' }), chunk({ [variant]: 'THOUGHT', content: null }), chunk({ content: 'right answer' }), chunk({}, 'stop'), DONE),
  check: async run => {
    assert.equal(run.reply, 'right answer');
    await run.lane.d.say(run.key.replaceAll('/', '.'), `And now? [wild:${run.key}]`);
    assert.doesNotMatch(JSON.stringify(run.requests.at(-1).body.messages), /SECRET/);
  },
};
