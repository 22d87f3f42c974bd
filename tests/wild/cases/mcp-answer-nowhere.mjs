import assert from 'node:assert/strict';
import { plainMcp } from '../wire.mjs';

export default {
  source: 'modelcontextprotocol/python-sdk#1661, MemPalace/mempalace#1866',
  saw: 'a call runs into its time, and nobody knows what became of it',
  shape: 'tools/call is taken with 202 and no body, and there is no GET stream (405)',
  right: 'said at once: taken, no answer here; it may have run. The call goes out once',
  reply: /HTTP 202: the server took the call and sent no answer here.*whether it took effect is unknown/,
  mcp: m => m.method === 'tools/call' ? { status: 202, headers: {}, pieces: [], framing: 'length' } : plainMcp(m),
  check(run) {
    assert.equal(run.mcp.filter(m => m.method === 'tools/call').length, 1);
    assert.ok(run.ms < 3000, `${run.ms} ms`);
  },
};
