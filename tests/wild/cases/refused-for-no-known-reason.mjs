import { fullContext } from '../wire.mjs';

export default {
  source: 'can1357/oh-my-pi#2250 and kin: chats that are stuck for ever after one message that the server does not like',
  saw: 'each further question of the chat gets the same 400; a new chat works',
  shape: '400 in words that nobody knows, as long as the whole history is sent',
  right: 'shortened once; the chat goes on',
  wires: ['openai', 'anthropic'],
  before: 4,
  requests: 2,
  full: {},
  answer(req, n, variant, w) {
    return (this.full[w.name] ??= fullContext())(req) ? w.refuse('Unexpected flux in the input.') : w.say();
  },
};
