import { completion, data, DONE, stream } from '../wire.mjs';

export default {
  source: 'abundantbeing/hermes-browser-extension#11, ksylvest/omniai#24; relays that wrap a whole answer into one event',
  saw: 'an empty reply',
  shape: 'an event stream whose only event is a chat.completion with message in place of delta; with words, or with a call',
  right: 'read as what it is',
  variants: ['words', 'call'],
  answer: (req, n, variant, w) => {
    if (n > 0) return w.results(req).call_a === 'one' ? w.say() : w.say('wrong');
    return variant === 'words' ? stream(data(completion({ content: 'right answer' })), DONE)
      : stream(data(completion({ content: null, tool_calls: [{ id: 'call_a', type: 'function', function: { name: 'echo', arguments: '{"text":"one"}' } }] }, 'tool_calls')), DONE);
  },
};
