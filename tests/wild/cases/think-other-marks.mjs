import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, stream } from '../wire.mjs';

const MARKS = {
  kimi: '◁think▷SECRET thought◁/think▷right answer',
  reasoning: '<reasoning>\nSECRET thought\n</reasoning>\nright answer',
  begin: '<|begin_of_thought|>SECRET<|end_of_thought|><|begin_of_solution|>right answer<|end_of_solution|>',
  cohere: '<|START_THINKING|>SECRET<|END_THINKING|><|START_RESPONSE|>right answer<|END_RESPONSE|>',
  harmony: 'analysisSECRET thought here.assistantfinalright answer',
  gemma: '<|channel>thought\nSECRET<channel|>right answer',
  attribute: '<think time="1">SECRET</think>right answer',
  details: '<details type="reasoning" done="true"><summary>Thought</summary>SECRET</details>right answer',
  upper: '<Think>SECRET</Think>right answer',
  ant: '<antThinking>SECRET</antThinking>right answer',
  end: '<think>SECRET</think>right answer<|im_end|>',
  again: '<think>SECRET one</think>right <think>SECRET two</think>answer',
};

export default {
  source: 'Augustas11/macprovider#743, NVIDIA/TensorRT-LLM#9256 (gpt-oss without its tokens); Kimi-VL, Cohere Command A, NovaSky Sky-T1, Gemma; the tags that open-webui/open-webui looks for by default',
  saw: 'thoughts in the reply, or the mark of its end',
  shape: 'thoughts in other marks, five characters an event',
  right: 'the reply is what is between and after the thoughts',
  variants: Object.keys(MARKS),
  requests: 1,
  answer: (req, n, variant) => stream(BEGIN, ...MARKS[variant].match(/[^]{1,5}/gu).map(content => chunk({ content })), chunk({}, 'stop'), DONE),
  check: run => assert.equal(run.reply.trim(), 'right answer'),
};
