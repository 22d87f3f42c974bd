import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, ended, start, STOP, stream, textBlock } from '../wire.mjs';

const HALF = 'The half of an ans';

export default {
  source: 'Azure OpenAI (content_filter in the middle of an answer), Anthropic (refusal by a classifier that reads the stream): their API references',
  saw: 'half a reply, taken for a whole one',
  shape: 'words, then a reason that says that a filter stopped the model',
  right: 'the words, marked as truncated, and a line that a filter stopped them; a repeat would end in the same way',
  wires: ['openai', 'anthropic'],
  requests: 1,
  reply: HALF,
  answer: (req, n, variant, w) => w.name === 'openai' ? stream(BEGIN, chunk({ content: HALF }), chunk({}, 'content_filter'), DONE)
    : stream(start(), textBlock(HALF), ended('refusal'), STOP),
  check: run => {
    assert.equal(run.json.truncated, true);
    assert.match(run.reply, /filter/);
  },
};
