import assert from 'node:assert/strict';
import { error, refuse } from '../wire.mjs';

export default {
  source: 'UniversityOfHelsinkiCS/gptwrapper#285, microsoft/sample-app-aoai-chatGPT#986',
  saw: 'a status in a box; people tried the same words again and again',
  shape: 'Azure: 400 with code content_filter and an innererror',
  right: 'the person hears that the message was declined, not that the model is out of reach',
  wires: ['openai', 'anthropic'],
  reply: 'declined',
  requests: 1,
  answer: () => refuse(400, error('The response was filtered due to the prompt triggering the content management policy.',
    { type: null, code: 'content_filter', param: 'prompt', status: 400, innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { violence: { filtered: true, severity: 'medium' } } } })),
  check: run => assert.doesNotMatch(run.reply, /reached|try again/),
};
