import assert from 'node:assert/strict';

const said = { null: 'invalid message content type: <nil>', empty: 'ValidationException: messages: text content blocks must be non-empty', missing: "messages.1.content: Field required" };
const bad = { null: m => m.content === null, empty: m => m.content === '', missing: m => !('content' in m) };
export default {
  source: 'SAIL-Research-Lab/cheetahclaws#72 (Ollama), mistralai/mistral-common#324, vercel/ai#13505 and #14888 (Bedrock), jekalmin/extended_openai_conversation#456 (vLLM, SGLang)',
  saw: 'the question after a call is refused: one wants null there, another a text, a third the member',
  shape: 'an assistant message with calls and no words; null, "" or a missing content is refused',
  right: 'the form that is refused is changed, and the chat goes on',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(said),
  answer: (req, n, variant, w) => !w.rounds(req) ? w.call() : req.messages.some(m => m.tool_calls && bad[variant](m)) ? w.refuse(said[variant]) : w.say(),
  check: run => assert.ok(run.requests.length <= 3),
};
