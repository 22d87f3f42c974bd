import { stream } from '../wire.mjs';

export default {
  source: 'openai/openai-go#651, openai/openai-python#2721, Growth-Circle/cadis#362, netease-lcap/wave-agent#1326',
  saw: 'JSON errors in the middle of good answers, each time the gateway sent its heartbeat',
  shape: 'between the chunks stand events that have a data field with nothing in it',
  right: 'what has no data is not an event: it is passed over',
  wires: ['openai', 'anthropic'],
  requests: 1,
  answer: (req, n, variant, w) => {
    const s = w.say();
    return stream('data:\n\n', ...s.pieces.flatMap(p => [p, 'data: \n\n', 'event: keepalive\ndata:\n\n']));
  },
};
