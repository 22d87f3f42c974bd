import assert from 'node:assert/strict';
import { chunk, close, delta, DONE, ended, open, piece, start, STOP, stream, useBlock } from '../wire.mjs';

/* On Chat Completions; the Messages API has its own words. */
const said = {
  gemini: 'Corrupted thought signature.',
  openai: 'The encrypted content gAAAAABn could not be verified. Reason: Encrypted content could not be decrypted or parsed.',
  openrouter: 'Invalid reasoning_details: signature does not belong to this model',
};
const again = (req, w) => /And now/.test(w.texts(req).join());
export default {
  source: 'can1357/oh-my-pi#6379, NousResearch/hermes-agent#24401, thedotmack/claude-mem#3198, BerriAI/litellm#18160',
  saw: 'Invalid signature in thinking block: the second model gets the first one\'s thoughts, and the turn ends',
  shape: 'the first model thinks (signed) and calls a tool, then fails for good; the second (llm.fallback, same wire) refuses thoughts that are not its own, and wants its own back',
  right: 'the second model gets no thoughts of the first, and nothing is learned of it: its own thoughts go back in its own turns',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(said),
  strict: false,
  model: 'wild-first',
  settings: { llm: { fallback: ['wild-second'] } },
  requests: 3,
  answer(req, n, variant, w) {
    const first = req.model === 'wild-first';
    const messages = JSON.stringify(req.messages);
    if (first && (w.rounds(req) || again(req, w))) return w.refuse('Your authentication token has been revoked', { status: 401 });
    if (messages.includes(first ? 'of wild-second' : 'of wild-first')) return w.refuse(w.name === 'anthropic' ? 'messages.1.content.0: Invalid `signature` in `thinking` block' : said[variant]);
    if (!first && !again(req, w)) return w.say();
    if (w.rounds(req)) return messages.includes(`of ${req.model}`) ? w.say() : w.refuse('messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.');
    const signature = `c2ln of ${req.model}`;
    return w.name === 'anthropic'
      ? stream(start(), open(0, { type: 'thinking', thinking: '', signature: '' }), delta(0, { type: 'thinking_delta', thinking: 'Hm.' }), delta(0, { type: 'signature_delta', signature }), close(0), useBlock('echo', { text: 'one' }, { index: 1, id: 'call_a' }), ended('tool_use'), STOP)
      : stream(chunk({ role: 'assistant', content: '', reasoning_details: [{ type: 'reasoning.encrypted', data: signature, index: 0 }] }), chunk(piece({ id: 'call_a', name: 'echo', args: '{"text":"one"}' })), chunk({}, 'tool_calls'), DONE);
  },
  check: async run => {
    assert.ok(!run.log.some(l => l.event === 'model_learned'), 'nothing was learned');
    const r = await run.lane.d.say(`second.${run.key.replaceAll('/', '.')}`, `And now? [wild:${run.key}]`);
    assert.equal(r.reply, 'right answer', 'its own thoughts go back to the second model');
  },
};
