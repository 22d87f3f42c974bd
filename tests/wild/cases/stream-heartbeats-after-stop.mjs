import assert from 'node:assert/strict';
import { BEGIN, chunk, ended, PING, start, stream, textBlock } from '../wire.mjs';

const beats = beat => Array.from({ length: 100 }, () => [beat, 300]).flat();
export default {
  source: 'maximhq/bifrost#6784',
  saw: 'a tool call that was complete is never made: heartbeats keep the stream alive for ever',
  shape: 'after the stop reason comments (or pings) come every 0.3 s; neither [DONE] nor the end does',
  right: 'they are no content: the answer is over after two seconds',
  wires: ['openai', 'anthropic'],
  slow: true,
  requests: 1,
  answer: (req, n, variant, w) => w.name === 'openai' ? stream(BEGIN, chunk({ content: 'right answer' }), chunk({}, 'stop'), ...beats(': alive\n\n'))
    : stream(start(), textBlock('right answer'), ended(), ...beats(PING)),
  check: run => assert.ok(run.ms < 5000, `${run.ms} ms`),
};
