import { BEGIN, chunk, data, DONE, stream } from '../wire.mjs';

export default {
  source: 'abundantbeing/hermes-browser-extension#11, go-kratos/blades#189',
  saw: 'each reply stands there twice',
  shape: 'after the deltas one event has the whole text: as message, or once more as delta with the stop reason',
  right: 'the whole text is not new text',
  variants: ['message'],
  requests: 1,
  reply: /^right answer$/,
  answer: () => stream(BEGIN, chunk({ content: 'right ' }), chunk({ content: 'answer' }),
    data({ id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, message: { role: 'assistant', content: 'right answer' }, finish_reason: 'stop' }] }), DONE),
};
