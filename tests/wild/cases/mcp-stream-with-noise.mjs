import { data, HOLD, plainMcp, stream } from '../wire.mjs';

export default {
  source: 'chrisns/govreposcrape#356 and servers of 2025-11-25, whose streams begin with an event without data',
  saw: 'the answer was there and was not found among the other events',
  shape: 'a stream with an event without data, a notification, a request of the server, then the answer; the stream stays open',
  right: 'the answer is taken, nobody waits for the stream\'s end',
  reply: 'the tool said: pong',
  mcp: m => {
    const a = plainMcp(m);
    if (m.method !== 'tools/call') return a;
    return { ...stream('id: 1\nretry: 1000\ndata:\n\n', data({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'hello' } }), data({ jsonrpc: '2.0', id: 'srv-1', method: 'ping' }),
      data(a.pieces[0])), ...HOLD };
  },
};
