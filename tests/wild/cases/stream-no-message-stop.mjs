import { ended, start, stream, textBlock } from '../wire.mjs';

export default {
  source: 'tombii/better-ccflare#307, openclaw/openclaw#120030',
  saw: 'an error, or minutes of waiting, after an answer that was there to its last word',
  shape: 'the body ends after message_delta with its stop_reason; message_stop is not sent',
  right: 'the stop reason ends an answer; it is not asked for, and paid, a second time',
  wires: ['anthropic'],
  requests: 1,
  answer: () => stream(start(), textBlock('right answer'), ended()),
};
