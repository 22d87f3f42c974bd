import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, piece, stream } from '../wire.mjs';
export default {
  source: 'cline/cline#13348, earendil-works/pi#3712: half of the calls as markup in content, the rest native; a native call with empty arguments beside the markup that has them',
  saw: 'the tool is called with {}',
  shape: 'content has the call with its arguments as markup, tool_calls has the same call with "{}"',
  right: 'called once; the markup does not reach the person',
  requests: 2,
  reply: /^right answer$/,
  answer: (req, n, variant, w) => n > 0 ? w.say() : stream(BEGIN, chunk({ content: '<tool_call>{"name": "echo", "arguments": {"text": "one"}}</tool_call>' }), chunk(piece({ id: 'call_a', name: 'echo', args: '{}' })), chunk({}, 'tool_calls'), DONE),
  check: run => assert.deepEqual(Object.values(run.w.results(run.requests[1].body)), ['one']),
};
