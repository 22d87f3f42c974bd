import { error, refuse, stream, chunk, piece, DONE, BEGIN, start, open, delta, close, ended, STOP } from '../wire.mjs';
export default {
  source: 'open-webui/open-webui#28305 (Kimi through OpenRouter), QwenLM/qwen-code#8382, NVIDIA-NeMo/Switchyard#502, NousResearch/hermes-agent#111443 and #79221 (DeepSeek), can1357/oh-my-pi#2055',
  saw: 'the second round of a turn is refused: ids must be unique; each retry, too',
  shape: 'three rounds, and the id of each round\'s call is the same; or none is given at all',
  right: 'ids are unique in a request, in call and result',
  wires: ['openai', 'anthropic'],
  variants: ['same', 'none'],
  requests: 3,
  answer: (req, n, variant, w) => {
    const seen = w.sent(req).map(c => c.id);
    if (new Set(seen).size < seen.length) return w.name === 'openai' ? refuse(400, error("Duplicate value for 'tool_call_id' of call_0 in message[4]")) : w.refuse('messages: `tool_use` ids must be unique');
    if (n > 1) return w.say();
    const args = JSON.stringify({ text: `t${n}` });
    if (variant === 'same') return w.call('echo', args, 'functions.echo:0');
    return w.name === 'openai' ? stream(BEGIN, chunk(piece({ name: 'echo', args })), chunk({}, 'tool_calls'), DONE)
      : stream(start(), open(0, { type: 'tool_use', name: 'echo', input: {} }), delta(0, { type: 'input_json_delta', partial_json: args }), close(0), ended('tool_use'), STOP);
  },
};
