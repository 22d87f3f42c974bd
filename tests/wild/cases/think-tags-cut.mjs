import assert from 'node:assert/strict';
import { chunk, DONE, stream } from '../wire.mjs';

export default {
  source: 'etkecc/baibot#30, Alpaca4610/nonebot_plugin_random_reply#12, RooCodeInc/Roo-Code#1087',
  saw: 'a chat full of the model\'s thoughts, before each reply',
  shape: 'content that begins with think tags, which are cut in the middle by the deltas',
  right: 'the reply, and the history, begin after the thoughts',
  answer: () => stream(chunk({ role: 'assistant', content: '<th' }), chunk({ content: 'ink>\nThe user greets me. I will be ' }), chunk({ content: 'brief.\n</thi' }),
    chunk({ content: 'nk>\n\nright answer' }), chunk({}, 'stop'), DONE),
  check: run => assert.equal(run.reply, 'right answer'),
};
