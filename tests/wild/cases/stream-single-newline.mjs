import { stream } from '../wire.mjs';

export default {
  source: 'anomalyco/opencode#27365, anomalyco/opencode#5890, rexxars/eventsource-parser#31, ggml-org/llama.cpp#14268',
  saw: 'errors of JSON: two events in one',
  shape: 'events are separated by one newline, or not at all; the name of the field is there twice',
  right: 'each document is an event',
  wires: ['openai', 'anthropic'],
  variants: ['all', 'some', 'glued', 'double-data', 'event-blank-data'],
  requests: 1,
  reply: /^right answer$/,
  answer: (req, n, variant, w) => {
    const text = w.say().pieces.join('');
    let i = 0;
    return stream({
      all: () => text.replaceAll('\n\n', '\n'),
      some: () => text.replace(/\n\n/g, m => i++ % 2 ? m : '\n'),
      glued: () => `${text.replaceAll('\n\n', '')}\n\n`,
      'double-data': () => text.replaceAll('data: ', 'data: data: '),
      'event-blank-data': () => text.replaceAll('data: ', '\ndata: '),
    }[variant]());
  },
};
