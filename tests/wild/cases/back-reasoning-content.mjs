import { chunk, DONE, piece, stream } from '../wire.mjs';

export default {
  source: 'anomalyco/opencode#24083, NousResearch/hermes-agent#15228, FellouAI/eko#281',
  saw: 'the first call of a tool works, the question after it gets a 400',
  shape: 'reasoning_content in the deltas before a call; DeepSeek and Kimi want it back in that assistant message',
  right: 'what was thought goes back with its call within the turn',
  requests: 2,
  answer: (req, n, variant, w) => {
    if (n === 0) return stream(chunk({ role: 'assistant', content: null, reasoning_content: '' }), chunk({ reasoning_content: 'I need the ' }), chunk({ reasoning_content: 'tool.' }),
      chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one"}' })), chunk({}, 'tool_calls'), DONE);
    return req.messages.some(m => m.tool_calls && m.reasoning_content !== 'I need the tool.')
      ? w.refuse('The `reasoning_content` in the thinking mode must be passed back to the API.') : w.say();
  },
};
