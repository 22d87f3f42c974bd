import assert from 'node:assert/strict';
import { BEGIN, chunk, data, DONE, stream } from '../wire.mjs';

const HALF = 'The half of an ans';

export default {
  source: 'DeepSeek (insufficient_system_resource), Zhipu (network_error), vLLM (abort): their API references',
  saw: 'half a reply, taken for a whole one',
  shape: 'words, then a reason that says that the server itself stopped',
  right: 'asked again, as after an answer that was cut',
  variants: ['insufficient_system_resource', 'network_error', 'abort', 'error', 'native'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say()
    : stream(BEGIN, chunk({ content: HALF }), variant === 'native'
      ? data({ choices: [{ index: 0, delta: {}, finish_reason: 'stop', native_finish_reason: 'network_error' }] }) : chunk({}, variant), DONE),
  check: run => assert.ok(!run.reply.includes(HALF), run.reply),
};
