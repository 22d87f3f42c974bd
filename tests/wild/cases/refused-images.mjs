import assert from 'node:assert/strict';
import { plainMcp } from '../wire.mjs';

export default {
  source: 'jxxghp/MoviePilot#5863, rikkahub/rikkahub#1433, yilewang/llm-for-zotero#143, can1357/oh-my-pi#9169 (DeepSeek)',
  saw: 'a result with a picture, and each question after it is refused',
  shape: 'a tool\'s result has an image; the server knows text only',
  right: 'asked without the image; the chat goes on',
  wires: ['openai', 'anthropic'],
  learns: true,
  answer: (req, n, variant, w) => {
    if (/image_url|"type":"image/.test(JSON.stringify(req.messages))) return w.refuse('Failed to deserialize the JSON body into the target type: messages[3]: unknown variant `image_url`, expected `text` at line 1 column 679289', { code: 'invalid_request_error' });
    return w.rounds(req) ? w.say() : w.call('refused-images__ping', { text: 'x' });
  },
  mcp: m => plainMcp(m, { result: { content: [{ type: 'text', text: 'a cat' }, { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' }] } }),
  check: run => assert.match(Object.values(run.w.results(run.requests.at(-1).body))[0], /a cat/),
};
