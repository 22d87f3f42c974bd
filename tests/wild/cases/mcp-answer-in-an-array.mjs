import { ok, plainMcp } from '../wire.mjs';

export default {
  source: 'Effect-TS/effect#6274, modelcontextprotocol/python-sdk#1057',
  saw: '"not a valid MCP server"',
  shape: 'each answer is an array of one, as of a batch; the list comes behind a notification',
  right: 'the answer in it is taken',
  reply: 'the tool said: pong',
  mcp(m) {
    const a = plainMcp(m);
    if (m.http !== 'POST' || m.body?.id === undefined) return a;
    const docs = [JSON.parse(a.pieces[0])];
    if (m.method === 'tools/list') docs.unshift({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'listing' } });
    return ok(docs);
  },
};
