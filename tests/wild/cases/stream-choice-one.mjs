import { data, DONE, stream } from '../wire.mjs';

const choice = (delta, finish = null) => data({ choices: [{ index: 1, delta, finish_reason: finish }] });

export default {
  source: 'relays that count choices from one',
  saw: 'an empty answer',
  shape: 'the only choice has index 1',
  right: 'it is the answer',
  requests: 1,
  reply: /^right answer$/,
  answer: () => stream(choice({ role: 'assistant', content: '' }), choice({ content: 'right ' }), choice({ content: 'answer' }), choice({}, 'stop'), DONE),
};
