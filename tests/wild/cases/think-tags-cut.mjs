import assert from 'node:assert/strict';
import { chunk, close, DONE, ended, open, start, STOP, stream, words } from '../wire.mjs';

export default {
  source: 'etkecc/baibot#30, Alpaca4610/nonebot_plugin_random_reply#12, RooCodeInc/Roo-Code#1087',
  saw: 'a chat full of the model\'s thoughts, before each reply',
  shape: 'words that begin with think tags, which are cut in the middle by the deltas',
  right: 'the reply, and the history, begin after the thoughts',
  wires: ['openai', 'anthropic'],
  answer: (req, n, variant, w) => {
    const pieces = ['<th', 'ink>\nThe user greets me. I will be ', 'brief.\n</thi', 'nk>\n\nright answer'];
    return w.name === 'openai' ? stream(...pieces.map(content => chunk({ content })), chunk({}, 'stop'), DONE)
      : stream(start(), open(0, { type: 'text', text: '' }), ...pieces.map(p => words(0, p)), close(0), ended(), STOP);
  },
  check: run => assert.equal(run.reply, 'right answer'),
};
