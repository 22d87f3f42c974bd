import assert from 'node:assert/strict';
import { error, fullContext, refuse } from '../wire.mjs';

/* A server that refuses whatever it can, one thing at a time. */
const parameter = [req => req.stream_options, 'Unrecognized request argument supplied: stream_options'];
const tool = [(req, w) => w.tools(req).some(t => t.name === 'echo'), "Invalid schema for function 'echo': 'x-odd' is not permitted."];
const shape = [(req, w) => w.roles(req)[0] === 'system', 'System role not supported'];
const temperature = [req => req.temperature !== undefined, "Unsupported parameter: 'temperature' is not supported with this model."];
const choice = [req => req.tool_choice !== undefined, "Unsupported parameter: 'tool_choice' is not supported with this model."];
const tooLong = () => { const full = fullContext(); return [req => full(req), 'prompt is too long: 200001 tokens > 200000 maximum', ]; };
const filter = [() => true, 'The response was filtered', { code: 'content_filter' }];
const odd = [() => true, 'Unexpected flux in the input.'];

/* What is refused, how many requests that takes, and what the person gets. */
const said = {
  'too-long': { rules: [parameter, tool, shape, tooLong()], requests: 8, reply: /^right answer\n\n\(This conversation is too long/ },
  'filter': { rules: [parameter, tool, shape, filter], requests: 4, reply: /declined|filter/i },
  'unknown': { rules: [parameter, tool, shape, odd], requests: 8, reply: /^Sorry/ },
  'too-many': { rules: [parameter, tool, shape, temperature, choice], requests: 10, reply: /^Sorry/ },
};
export default {
  source: 'issue trackers of gateways: one remedy after another, in circles',
  saw: 'a question that is repeated for minutes, or given up although a remedy was left',
  shape: 'a parameter, a tool, the shape of the messages, and then the length, a filter, or nothing that is known',
  right: 'each remedy once, four repeats at most; a conversation that is too long, or refused for no known reason, is shortened once; then the person is told',
  variants: Object.keys(said),
  settings: { llm: { temperature: 0.7 } },
  before: 2,
  reply: /./,
  answer(req, n, variant, w) {
    const rule = said[variant].rules.find(([refuses]) => refuses(req, w));
    return rule ? refuse(400, error(rule[1], rule[2])) : w.say();
  },
  check: async run => {
    const { requests, reply } = said[run.variant];
    assert.match(run.reply, reply);
    assert.equal(run.requests.length, requests, 'requests');
    if (run.variant === 'too-long') {
      await run.lane.d.say(`other.${run.key.replaceAll('/', '.')}`, `And now? [wild:${run.key}]`);
      assert.equal(run.requests.length, requests + 1, 'what helped is kept');
    } else assert.ok(!run.log.some(l => l.event === 'model_learned'), 'what helped nothing is not kept');
  },
};
