import assert from 'node:assert/strict';
import { getStream, HELLO, ok, plainMcp, pushTo, rpc, TEXT } from '../wire.mjs';

export default {
  source: 'modelcontextprotocol/python-sdk#1661, modelcontextprotocol/ruby-sdk#323, r33drichards/mcp-js#185 (rmcp 0.1.5)',
  saw: 'connected, and no tools: tools/list ran into its time',
  shape: 'a request is taken with 202 and no body, its answer comes on the GET stream of the session, where it waits until that is opened. The server is started anew before the first call',
  right: 'the stream is opened, and the answer taken from there; no call is made twice',
  reply: 'the tool said: pong',
  variants: ['first', 'again'],
  mcp(m) {
    const s = m.state, session = m.headers['mcp-session-id'], taken = { status: 202, headers: {}, pieces: [], framing: 'length' };
    if (m.method === 'initialize') {
      s.n = (s.n ?? 0) + 1;
      return ok(rpc(m, HELLO), { 'Mcp-Session-Id': `s${s.n}` });
    }
    if (m.method === 'server/discover') return plainMcp(m);
    /* The first call finds the server started anew. */
    if (m.method === 'tools/call' && s.n === 1) s.gone = 1;
    if (session !== `s${s.n}` || s.n === s.gone) return { ...taken, status: 404 };
    if (m.http === 'GET') return getStream(s);
    if (m.method === 'tools/list') pushTo(s, rpc(m, { tools: [{ name: 'ping', description: 'says pong', inputSchema: TEXT }] }));
    if (m.method === 'tools/call') pushTo(s, rpc(m, { content: [{ type: 'text', text: 'pong' }] }));
    return taken;
  },
  check(run) {
    const of = (what, k = 'method') => run.mcp.filter(m => m[k] === what).length;
    assert.ok([2, 3].includes(of('tools/call')), 'refused unseen, then once for each chat of the lane');
    assert.equal(of('initialize'), 2);
    assert.equal(of('GET', 'http'), 2, 'one stream a session');
  },
};
