import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, stream } from '../wire.mjs';

export default {
  source: 'recorded answers of Mistral (content as a list of parts); mistralai/mistral-common#324 for the other way',
  saw: '"[object Object]" in the reply',
  shape: 'delta.content is a list of text and thinking parts',
  right: 'the text of the text parts',
  requests: 1,
  answer: () => stream(BEGIN, chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }), chunk({ content: [{ type: 'text', text: 'right ' }] }), chunk({ content: 'answer' }), chunk({ content: '' }, 'stop'), DONE),
  check: run => assert.equal(run.reply, 'right answer'),
};
