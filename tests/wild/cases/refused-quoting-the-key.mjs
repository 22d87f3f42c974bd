import assert from 'node:assert/strict';
import { data, refuse, stream } from '../wire.mjs';

const WINDOW = 8; /* bytes of a key that are no common word */
const PIN = 'heliotrope-4711-zanzibar';
const keyOf = req => req.headers.authorization ?? req.headers['x-api-key'];
/* What stands where: a server's own words are short, and one token. */
const errors = {
  'key as code': key => ({ code: key, type: '', message: 'no' }),
  'key as type': key => ({ type: `bad_key_${key.split(' ').at(-1)}`, message: 'no' }),
  'key in the message': key => ({ message: `no such key: ${key}`, type: 'a b c' }),
  'words as code': () => ({ code: `quoted My pin is ${PIN}`, message: 'no' }),
  'words as type': () => ({ type: `my_pin_is_${PIN}`, message: 'no' }),
  'a word of the chat': () => ({ code: 'not allowed: My pin', type: 'my pin', message: 'no' }),
};
const STATUS = [401, 500];

export default {
  source: 'OpenAI ("Incorrect API key provided: sk-ab***yz"), gateways that put their whole refusal into `code`',
  saw: 'keys and words of the chat in the log, as the kind of a failure',
  shape: 'refusals, and errors within a stream, that quote the key or the chat as code, type or message',
  right: 'the log and the reply have neither',
  variants: Object.keys(errors).flatMap(what => [...STATUS, 'event'].map(how => `${what}, ${how}`)),
  wires: ['openai', 'anthropic'],
  settings: { llm: { retry_for: '1s' } },
  message: `My pin is ${PIN}, keep it.`,
  strict: false,
  reply: /./,
  answer: (req, n, variant, w, full) => {
    const [, what, how] = /^(.*), (\w+)$/.exec(variant);
    const error = errors[what](keyOf(full));
    return how === 'event' ? stream(data({ type: 'error', error }, w.name === 'anthropic' ? 'error' : undefined))
      : refuse(Number(how), { type: 'error', error });
  },
  check: run => {
    const key = keyOf(run.requests[0]).split(' ').at(-1), log = JSON.stringify(run.log);
    const failed = run.log.filter(l => l.event === 'model_failed');
    assert.ok(key.length > WINDOW && failed.length > 0, 'it is logged');
    for (let i = 0; i + WINDOW <= key.length; i++) assert.ok(!(log + run.reply).includes(key.slice(i, i + WINDOW)), `${key.slice(i, i + WINDOW)} of the key in ${log}`);
    assert.doesNotMatch(log + run.reply, /heliotrope|zanzibar/);
    for (const l of failed) assert.doesNotMatch(l.why, /pin/i);
  },
};
