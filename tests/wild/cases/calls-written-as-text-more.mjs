import assert from 'node:assert/strict';
import { BEGIN, chunk, DONE, stream } from '../wire.mjs';

const P = '\uff5c', D = '\u2581';
const TEXTS = {
  dsml: `<${P}DSML${P}tool_calls>\n<${P}DSML${P}invoke name="echo">\n<${P}DSML${P}parameter name="text" string="true">one</${P}DSML${P}parameter>\n</${P}DSML${P}invoke>\n</${P}DSML${P}tool_calls>`,
  deepseek: `<${P}tool${D}calls${D}begin${P}><${P}tool${D}call${D}begin${P}>function<${P}tool${D}sep${P}>echo\n\`\`\`json\n{"text":"one"}\n\`\`\`<${P}tool${D}call${D}end${P}><${P}tool${D}calls${D}end${P}>`,
  kimi: '<|tool_calls_section_begin|><|tool_call_begin|>functions.echo:0<|tool_call_argument_begin|>{"text":"one"}<|tool_call_end|><|tool_calls_section_end|>',
  glm: '<tool_call>echo\n<arg_key>text</arg_key>\n<arg_value>one</arg_value>\n</tool_call>',
  minimax: '<minimax:tool_call>\n<invoke name="echo">\n<parameter name="text">one</parameter>\n</invoke>\n</minimax:tool_call>',
  harmony: '<|channel|>commentary to=functions.echo <|constrain|>json<|message|>{"text":"one"}<|call|>',
  invoke: '<function_calls>\n<invoke name="echo">\n<parameter name="text">one</parameter>\n</invoke>\n</function_calls>',
  gemma: '```tool_code\nprint(default_api.echo(text="one"))\n```',
  bare: '{"name": "echo", "arguments": {"text": "one"}}',
  think: '<think>I will call it.\n<tool_call>\n{"name": "echo", "arguments": {"text": "one"}}\n</tool_call>',
};
export default {
  source: 'TokenRhythm/opensquilla#985, cline/cline#13348, sgl-project/sglang#40236, earendil-works/pi#3712 (DSML); NVIDIA/TensorRT-LLM#9256 (harmony); moonshotai, zai, MiniMax: their own templates',
  saw: 'people are shown markup, and the tool is never called',
  shape: 'a call in the words, in the marks of DeepSeek 3.2/V4 and V3, Kimi K2, GLM 4.5, MiniMax M2, gpt-oss, Claude, Gemma, Llama 3 (bare JSON), Qwen 3 (inside of thoughts)',
  right: 'where it names a tool that was offered it is a call; the person sees none of it',
  variants: Object.keys(TEXTS),
  reply: /^right answer$/,
  answer: (req, n, variant, w) => n > 0 ? w.say() : stream(BEGIN, ...TEXTS[variant].match(/[^]{1,7}/g).map(content => chunk({ content })), chunk({}, 'stop'), DONE),
  check: run => {
    const { messages } = run.requests[1].body;
    assert.ok(messages.slice(-1).some(m => /\bone\b/.test(JSON.stringify(m.content))), 'the result went back');
  },
};
