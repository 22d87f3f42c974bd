import { again } from '../again.mjs';
import { body, data, DONE, error, stream } from '../wire.mjs';

const system = (req, w) => w.roles(req).includes('system');
const lmstudio = words => stream(data({ error: { message: `Error rendering prompt with jinja template: "${words}".` } }, 'error'));
const said = {
  'system': [system, lmstudio('System role not supported')],
  'only-user': [system, lmstudio('Only user and assistant roles are supported!')],
  'only-user-400': [system, body({ error: 'Error rendering prompt with jinja template: "Only user and assistant roles are supported!".' }, { status: 400 })],
  'tools': [req => req.tools, stream(data(error('registry.ollama.ai/library/gemma:2b does not support tools', { code: 400 })), DONE)],
  'option': [req => req.stream_options, stream(data({ object: 'error', message: 'Unrecognized request argument supplied: stream_options', code: 40001 }), DONE)],
};
export default {
  source: 'lmstudio-ai/lmstudio-bug-tracker#1054, Mintplex-Labs/anything-llm#2914 (LM Studio tells template errors in the stream), FastChat (object error, code 40001)',
  saw: 'each question is refused',
  shape: 'what is refused is told with status 200, in the stream',
  right: 'as a refusal with 400',
  variants: Object.keys(said),
  requests: 2,
  answer: (req, n, variant, w) => said[variant][0](req, w) ? said[variant][1] : w.say(),
  check: again(1),
};
