import assert from 'node:assert/strict';
import { plainMcp } from '../wire.mjs';

export default {
  source: 'can1357/oh-my-pi#2250, bytedance/trae-agent#230, jlevy/markform#153',
  saw: 'a tool failed without a word, and from then on each question of the chat was refused',
  shape: 'an MCP result that is an error and has no content; Anthropic wants content where is_error is set',
  right: 'an error without words is given some',
  wires: ['anthropic', 'openai'],
  requests: 2,
  answer: (req, n, variant, w) => {
    if (n === 0) return w.call('tool-failed-without-words__ping', { text: 'x' });
    return Object.values(w.results(req)).every(t => t.trim()) ? w.say() : w.refuse('messages.2.content.0.tool_result: content cannot be empty if `is_error` is true');
  },
  mcp: m => plainMcp(m, { result: { content: [], isError: true } }),
  check: run => {
    if (run.wire !== 'anthropic') return;
    const result = run.requests[1].body.messages.at(-1).content.find(b => b.type === 'tool_result');
    assert.equal(result.is_error, true, 'the model is told that it failed');
  },
};
