import assert from 'node:assert/strict';
import { stream } from '../wire.mjs';

export default {
  source: 'elizaOS/eliza#30904, elie222/rakazo#416 (a database refused the text), api7/aisix#120 (bytes that are no UTF-8)',
  saw: 'the answer is lost: one sign could not be stored',
  shape: 'an escaped NUL, a lone half of a pair that nothing follows, bytes that are no UTF-8',
  right: 'that one sign is replaced or dropped; the answer is not lost',
  wires: ['openai', 'anthropic'],
  variants: ['nul', 'half', 'bytes'],
  requests: 1,
  reply: /^right .{0,4}answer$/su,
  answer: (req, n, variant, w) => {
    const odd = { nul: '\\u0000', half: '\\ud83d', bytes: '\xff\xfe' }[variant];
    return stream(...w.say('right ODDanswer').pieces.map(p => Buffer.from(p.replace('ODD', odd), variant === 'bytes' ? 'latin1' : 'utf8')));
  },
  check: run => assert.ok(!run.reply.includes('\0')),
};
