import assert from 'node:assert/strict';
import { refuse } from '../wire.mjs';

export default {
  source: 'mostlygeek/llama-swap#146, mindverse/Second-Me#20',
  saw: 'the first question of the day fails: the model is not in memory yet',
  shape: '503 "Loading model" for four seconds, longer than llm.retry_for',
  right: 'waited for; no breaker opens',
  settings: { llm: { retry_for: '1s' } },
  begun: 0,
  answer(req, n, variant, w) {
    this.begun ||= performance.now();
    return performance.now() - this.begun > 4000 ? w.say() : refuse(503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } });
  },
  check: run => assert.ok(run.ms < 12000, `${run.ms} ms`),
};
