import { body, HELLO, ok, plainMcp, rpc } from '../wire.mjs';

/* Errors of a tool that ran, which look like a lost session. */
const HOW = {
  words: m => ok(refused(m, -32000, 'Browser session closed after the form was sent')),
  404: m => body(refused(m, -32002, 'No such entry'), { status: 404 }),
};
const refused = (m, code, words) => ({ jsonrpc: '2.0', id: m.body.id, error: { code, message: `${words}, call ${m.state.ran}` } });

export default {
  source: 'googleapis/mcp-toolbox#3588, paperclipai/paperclip#13298',
  saw: 'a call that ran was made again, and what lived in its session was lost',
  shape: 'a tool\'s own JSON-RPC error has words about a session, or comes with HTTP 404',
  right: 'told to the model; the call was made once',
  reply: 'the tool said: call 1',
  variants: Object.keys(HOW),
  answer: (req, n, variant, w) => n === 0 ? w.call('mcp-own-error__ping', { text: variant }) : w.say(`the tool said: ${/call \d/.exec(Object.values(w.results(req)).join())}`),
  mcp(m) {
    const s = m.state, text = m.body?.params?.arguments?.text;
    if (m.method === 'initialize') {
      s.n = (s.n ?? 0) + 1;
      return ok(rpc(m, HELLO), { 'Mcp-Session-Id': `s${s.n}` });
    }
    if (HOW[text] && m.method === 'tools/call') {
      s.times ??= {};
      s.ran = s.times[text] = (s.times[text] ?? 0) + 1;
      return HOW[text](m);
    }
    return plainMcp(m);
  },
};
