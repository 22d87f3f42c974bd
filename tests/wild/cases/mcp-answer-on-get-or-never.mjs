import { getStream, HELLO, ok, plainMcp, rpc, stream, TEXT } from '../wire.mjs';

export default {
  source: 'r33drichards/mcp-js#185 (rmcp 0.1.5)',
  saw: '"this connector has no tools available"',
  shape: 'the POST of a request gets a stream that ends without a byte; the answer goes to the GET stream, and is lost when none is open. A proxy ends that stream after each message',
  right: 'the stream is opened and the request sent again; from then on it is open before a call goes out',
  reply: 'the tool said: pong',
  variants: ['first', 'again'],
  mcp(m) {
    const s = m.state;
    if (m.method === 'initialize') return ok(rpc(m, HELLO), { 'Mcp-Session-Id': 'two' });
    if (m.method === 'server/discover') return plainMcp(m);
    if (m.headers['mcp-session-id'] !== 'two') return { status: 401, headers: {}, pieces: [], framing: 'length' };
    if (m.http === 'GET') return getStream(s, { keep: false, most: 1 });
    if (m.body?.id === undefined) return { status: 202, headers: {}, pieces: [], framing: 'length' };
    if (m.method === 'tools/list') s.push?.(rpc(m, { tools: [{ name: 'ping', description: 'says pong', inputSchema: TEXT }] }));
    if (m.method === 'tools/call') s.push?.(rpc(m, { content: [{ type: 'text', text: 'pong' }] }));
    return stream();
  },
  check(run) {
    if (run.mcp.filter(m => m.method === 'initialize').length !== 1) throw new Error('more than one session');
  },
};
