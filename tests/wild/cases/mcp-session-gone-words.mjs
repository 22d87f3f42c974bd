import { body, HELLO, ok, plainMcp, rpc } from '../wire.mjs';

const BODIES = [['application/json', '{"error":"Invalid or missing session ID"}'], ['text/plain; charset=utf-8', 'Invalid or missing session ID']];
let gone = 0; /* in all lanes */
export default {
  source: 'anthropics/claude-code#27425, DAWNCR0W/affine-mcp-server#301, mastra-ai/mastra#15160; servers made after the TypeScript SDK\'s example',
  saw: 'the server was started anew, and each call fails until a person connects by hand',
  shape: 'tools/call with a session that is not known any more: 400, and a body that is no JSON-RPC: JSON the first time, text the second',
  right: 'it was refused unseen: a new session, the call once more, in the same turn',
  reply: 'the tool said: pong',
  variants: ['first', 'again'],
  mcp(m) {
    const s = m.state, session = m.headers['mcp-session-id'];
    if (m.method === 'initialize') {
      s.n = (s.n ?? 0) + 1;
      s.id = `s${s.n}`;
      s.calls = 0;
      return ok(rpc(m, HELLO), { 'Mcp-Session-Id': s.id });
    }
    if (m.method === 'server/discover') return plainMcp(m);
    /* Each session that was there for the list is lost at its first call. */
    if (m.method === 'tools/call' && s.id !== null && s.calls++ === 0 && !s.anew) {
      s.id = null;
      s.body = BODIES[gone++ % 2];
      s.anew = true;
    }
    if (session === undefined || session !== s.id) {
      const [type, text] = s.body ?? BODIES[0];
      return body(text, { status: 400, type });
    }
    if (m.method === 'tools/call') s.anew = false;
    return plainMcp(m);
  },
};
