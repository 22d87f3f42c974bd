import { stream } from '../wire.mjs';

export default {
  source: 'mnfst/llm-gateway#2053, docker/docker-agent#2349, tmc/langchaingo#1350, diegosouzapw/OmniRoute#7031 (OpenRouter and relays)',
  saw: 'the first heartbeat ends the answer with a JSON error',
  shape: 'comments before, between and after the events; id and retry fields; JSON over several data lines; events of unknown kinds',
  right: 'read as the standard says; what is unknown is passed over',
  wires: ['openai', 'anthropic'],
  requests: 1,
  answer: (req, n, variant, w) => stream(': PROCESSING\n\n', ': PROCESSING\n\n', 'retry: 3000\nid: 1\n\n', ...w.say().pieces.flatMap(p => [': x-tokens-in=178\n', p, 'id: 7\nevent: x.unknown\ndata: {"type":"x.unknown","object":"x",\ndata: "choices":[]}\n\n']), ': x-cost=0\n\n'),
};
