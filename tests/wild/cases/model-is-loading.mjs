import assert from 'node:assert/strict';
import { refuse } from '../wire.mjs';

export default {
  source: 'mostlygeek/llama-swap#146, mindverse/Second-Me#20',
  saw: 'the first question of the day fails: the model is not in memory yet',
  shape: '503 "Loading model" for four seconds, longer than llm.retry_for; for ever',
  right: 'waited for within chat.wait, and the person is told; no breaker opens, however many ask',
  wires: ['openai', 'anthropic'],
  variants: ['a-while', 'for-ever'],
  settings: (url, variant) => ({ llm: { retry_for: '1s' }, ...(variant === 'for-ever' ? { chat: { wait: '3s' } } : {}) }),
  reply: /^right answer$|still being loaded/,
  begun: 0,
  answer(req, n, variant, w) {
    if (variant === 'for-ever') return refuse(503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } });
    this.begun ||= performance.now();
    return performance.now() - this.begun > 4000 ? w.say() : refuse(503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } });
  },
  check: async run => {
    const { d } = run.lane;
    if (run.variant === 'for-ever') {
      assert.match(run.reply, /still being loaded/);
      assert.ok(run.requests.length >= 2, 'it was asked again');
      assert.ok(run.ms < 8000, `chat.wait is 3 s, not ${run.ms} ms`);
      return;
    }
    assert.equal(run.reply, 'right answer');
    assert.ok(run.ms < 12000, `${run.ms} ms`);
    run.case.begun = 0; /* it is swapped out, and more ask than open a breaker */
    const asked = run.requests.length;
    const streams = [1, 2, 3, 4, 5, 6].map(i => d.stream({ chat_id: `${run.key.replaceAll('/', '.')}.${i}`, message: `And now? [wild:${run.key}]` }));
    await Promise.all(streams.map(st => st.done));
    assert.ok(run.requests.length - asked >= 12, 'each chat was refused, and asked again');
    for (const st of streams) {
      assert.deepEqual(st.of('status').map(s => s.status).filter(s => s === 'model loading'), ['model loading'], 'the person is told, once');
      assert.equal(st.of('reply')[0]?.reply, 'right answer');
    }
    assert.deepEqual([...await d.metrics()].filter(([k, v]) => k.startsWith('dragoman_breaker_open') && v > 0), []);
  },
};
