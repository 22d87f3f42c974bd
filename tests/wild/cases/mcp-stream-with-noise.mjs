import { data, plainMcp } from '../wire.mjs';

export default {
  source: 'modelcontextprotocol/python-sdk#1720, helidon-io/helidon-mcp#65; the priming event of 2025-11-25',
  saw: 'the answer was there and was not found among the other events',
  shape: 'a stream with an event without data, a notification, a request of the server, an answer to another id, then the answer; the stream stays open',
  right: 'the answer is taken, nobody waits for the stream\'s end',
  reply: 'the tool said: pong',
  mcp: m => {
    const a = plainMcp(m);
    if (m.method !== 'tools/call') return a;
    return { ...stream('id: 1\nretry: 1000\ndata:\n\n', data({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'hello' } }), data({ jsonrpc: '2.0', id: 'srv-1', method: 'ping' }),
      data({ jsonrpc: '2.0', id: 987654, result: { content: [{ type: 'text', text: 'wrong' }] } }), data(a.pieces[0])), ...HOLD };
  },
};
