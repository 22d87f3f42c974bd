import assert from 'node:assert/strict';
import { ok, plainMcp, rpc, TEXT } from '../wire.mjs';

export default {
  source: 'modelcontextprotocol/csharp-sdk#1072, ChesterRa/cccc#50, DeusData/codebase-memory-mcp#1247, PrefectHQ/fastmcp#5026',
  saw: '170,000 requests in a minute, or each tool twenty times: the list had no end',
  shape: 'the only page names a next cursor that is empty, or "next"; for that cursor the same page comes',
  right: 'a cursor that came before ends the list: three requests at most, each tool once',
  reply: 'the tool said: pong',
  mcp: m => m.method === 'tools/list' ? ok(rpc(m, { tools: [{ name: 'ping', description: 'says pong', inputSchema: TEXT }], nextCursor: '' })) : plainMcp(m),
  check: run => {
    const begun = run.mcp.filter(m => m.method === 'tools/list' && m.body.params?.cursor === undefined).length;
    const lists = run.mcp.filter(m => m.method === 'tools/list').length;
    assert.ok(lists <= 3 * begun, `tools/list was asked ${lists} times for ${begun} lists`);
    assert.equal(run.w.tools(run.requests[0].body).filter(t => t.name.startsWith('mcp-cursor-repeats__')).length, 1);
  },
};
