import { body, HELLO, ok, plainMcp, rpc, rpcError } from '../wire.mjs';

let lost = 0;
export default {
  source: 'justadityaraj/shim-mcp#8 (WordPress adapters: 200 with an error), mastra-ai/mastra#15160',
  saw: 'after the server\'s restart each call fails',
  shape: 'the lost session is told in a 200 with a JSON-RPC error, or by 404 with a page of HTML',
  right: 'begun anew, called once more',
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
    if (m.method === 'tools/call' && s.id !== null && s.calls++ === 0 && !s.anew) {
      s.id = null;
      s.anew = true;
      s.how = lost++ % 2;
    }
    if (session === undefined || session !== s.id)
      return s.how ? body('<html>Not Found</html>', { status: 404, type: 'text/html' }) : ok(rpcError(m, -32000, 'Session not found or expired'));
    if (m.method === 'tools/call') s.anew = false;
    return plainMcp(m);
  },
};
