import assert from 'node:assert/strict';
import { bytes, plainMcp } from '../wire.mjs';

export default {
  source: 'found here: it ended the worker, and the call counted as done; twin of lemonade-sdk/lemonade#3448',
  saw: 'a call that may have run counts as done, or is made twice',
  shape: 'tools/call gets a status line and half a header, then the connection ends',
  right: 'the model is told that the outcome is unknown; the call is not repeated',
  learns: true,
  reply: /unknown/i,
  mcp: m => m.method === 'tools/call' ? bytes('HTTP/1.1 200 OK\r\nContent-Ty') : plainMcp(m),
  check: run => assert.equal(run.mcp.filter(m => m.method === 'tools/call').length, 1),
};
