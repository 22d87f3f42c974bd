import assert from 'node:assert/strict';
import { body, HELLO, ok, plainMcp, rpc } from '../wire.mjs';

/* How each of these servers says that it does not know the session. */
const HOW = {
  'half an answer': m => body({ jsonrpc: '2.0', id: m.body.id }, { status: 404 }),
  401: () => body('Unauthorized: Session not found', { status: 401, type: 'text/plain' }),
  409: m => body({ jsonrpc: '2.0', id: m.body.id, error: { code: -32600, message: 'Unknown session; initialize first' } }, { status: 409 }),
};
export default {
  source: 'helidon-io/helidon-mcp#152, modelcontextprotocol/rust-sdk#559, quazardous/nelson-mcp#38',
  saw: 'after the server\'s restart each call fails',
  shape: 'the lost session is told by 404 with a JSON-RPC answer that has neither result nor error, by 401 with words, or by 409',
  right: 'begun anew, called once more',
  reply: 'the tool said: pong',
  variants: Object.keys(HOW),
  answer: (req, n, variant, w) => n === 0 ? w.call('mcp-session-gone-odd__ping', { text: variant }) : w.say(`the tool said: ${Object.values(w.results(req)).join()}`),
  mcp(m) {
    const s = m.state, session = m.headers['mcp-session-id'], how = HOW[m.body?.params?.arguments?.text];
    if (m.method === 'initialize') {
      s.n = (s.n ?? 0) + 1;
      s.id = `s${s.n}`;
      return ok(rpc(m, HELLO), { 'Mcp-Session-Id': s.id });
    }
    if (m.method === 'server/discover') return plainMcp(m);
    if (how && !(s.lost ??= new Set()).has(how)) {
      s.lost.add(how);
      s.id = null;
    }
    if (session !== s.id) return (how ?? HOW[409])(m);
    return plainMcp(m);
  },
  check(run) {
    assert.equal(run.mcp.filter(m => m.method === 'tools/call' && m.body.params.arguments.text === run.variant).length, 2);
  },
};
