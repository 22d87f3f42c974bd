import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, piece, stream } from '../wire.mjs';

const ODD = { cut: '{"text":"on', comma: '{"text":"one",}', quotes: "{'text':'one'}", newline: '{"text":"one\ntwo"}', fenced: '```json\n{"text":"one"}\n```' };
export default {
  source: 'sgl-project/sglang#36339, jeremychone/rust-genai#91, vllm-project/vllm#34887; JetBrains/koog#2095 (DashScope refuses what is no JSON)',
  saw: 'an exception, and each further question of the chat is refused: the broken text went back',
  shape: 'arguments that are cut, or have a comma, quotes, a line end or a fence too many',
  right: 'mended where that is sure, else told to the model; what goes back is JSON',
  variants: Object.keys(ODD),
  requests: 2,
  answer: (req, n, variant, w) => n > 0 ? w.say() : stream(BEGIN, chunk(piece({ id: 'call_a', name: 'echo', args: ODD[variant] })), chunk({}, 'tool_calls'), DONE),
  check: run => {
    assert.equal(typeof run.w.sent(run.requests[1].body)[0].args, 'object');
    assert.ok(run.w.results(run.requests[1].body).call_a.length > 0);
  },
};
