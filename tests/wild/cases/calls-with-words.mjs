import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, ended, piece, start, STOP, stream, textBlock, useBlock } from '../wire.mjs';

export default {
  source: 'RooCodeInc/Roo-Code#1087 and kin; recorded answers with words beside calls',
  saw: '"Let me look" as the reply, and the answer after it is missing; or both glued together',
  shape: 'words, then a call, in one answer; blanks only, then a call',
  right: 'the words go back with the call; the reply is what comes after the result',
  wires: ['openai', 'anthropic'],
  variants: ['words', 'blanks'],
  requests: 2,
  reply: /^right answer$/,
  answer: (req, n, variant, w) => {
    const text = variant === 'words' ? 'Let me look.' : '\n\n';
    return n > 0 ? w.say() : w.name === 'openai' ? stream(BEGIN, chunk({ content: text }), chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one"}' })), chunk({}, 'tool_calls'), DONE)
      : stream(start(), textBlock(text), useBlock('echo', { text: 'one' }, { index: 1, id: 'call_a' }), ended('tool_use'), STOP);
  },
  check: run => {
    assert.deepEqual(run.w.results(run.requests[1].body), { call_a: 'one' });
    if (run.variant === 'words') assert.match(JSON.stringify(run.requests[1].body.messages), /Let me look\./);
  },
};
