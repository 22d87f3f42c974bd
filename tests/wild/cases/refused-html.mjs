import assert from 'node:assert/strict';
import { body } from '../wire.mjs';

export default {
  source: 'meta-llama/llama-models#354, modelcontextprotocol/python-sdk#1382: what proxies send in a server\'s place',
  saw: 'a page of markup in the log, or a crash on the first sign',
  shape: '502 or 529 with HTML, twice, or 200 with HTML, once; then an answer',
  right: 'a passing failure: asked again; a web site that answers with 200 is one once',
  wires: ['openai', 'anthropic'],
  variants: ['502', '529', '200'],
  answer: (req, n, variant, w) => n > (variant === '200' ? 0 : 1) ? w.say() : body('<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body><center>nginx</center></body></html>', { status: Number(variant), type: 'text/html' }),
  check: run => {
    assert.equal(run.requests.length, run.variant === '200' ? 2 : 3);
    assert.ok(run.log.filter(l => l.event === 'model_failed').every(l => JSON.stringify(l).length < 1500), 'bounded');
  },
};
