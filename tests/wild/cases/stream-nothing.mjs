import { DONE, stream } from '../wire.mjs';

export default {
  source: 'decolua/9router#3051, lemonade-sdk/lemonade#3448, lmstudio-ai/lmstudio-bug-tracker#2339',
  saw: 'an empty success, with no sign of what failed',
  shape: '200 and no event at all; only [DONE]; only comments; a body of no bytes',
  right: 'no answer: asked again',
  variants: ['nothing', 'done', 'comments', 'no-bytes'],
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : variant === 'no-bytes' ? { status: 200, headers: { 'Content-Type': 'text/event-stream' }, pieces: [], framing: 'length' }
    : stream(...{ nothing: [], done: [DONE], comments: [': hello\n\n', ': bye\n\n'] }[variant]),
};
