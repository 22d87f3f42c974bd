import assert from 'node:assert/strict';
import { chunk, DONE, piece, stream } from '../wire.mjs';

const DETAILS = [{ type: 'reasoning.encrypted', data: 'abc==', id: 'r1', format: 'google-gemini-v1', index: 0 }];
export default {
  source: 'home-assistant/core#159812, janhq/jan#7009, RooCodeInc/Roo-Code#9506, OpenRouterTeam/ai-sdk-provider#244, HKUDS/nanobot#1247',
  saw: 'OpenRouter refuses the question after a call: the details of the reasoning must be preserved',
  shape: 'reasoning and reasoning_details in the deltas of an answer with a call',
  right: 'they go back in that assistant message',
  requests: 2,
  answer: (req, n, variant, w) => {
    if (n === 0) return stream(chunk({ role: 'assistant', content: '', reasoning: 'Hm. ' }), chunk({ content: '', reasoning: null, reasoning_details: DETAILS }), chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one"}' })), chunk({}, 'tool_calls'), DONE);
    const m = req.messages.find(x => x.tool_calls);
    return JSON.stringify(m.reasoning_details) === JSON.stringify(DETAILS) ? w.say() : w.refuse('Gemini models require OpenRouter reasoning details to be preserved in each request.');
  },
  check: run => assert.equal(run.requests[1].body.messages.find(m => m.tool_calls).reasoning, 'Hm. '),
};
