import { again } from '../again.mjs';
import { error, refuse } from '../wire.mjs';

const said = {
  azure: error('Unrecognized request argument supplied: stream_options', { type: 'invalid_request_error' }),
  xai: { code: 'Client specified an invalid argument', error: 'Argument not supported: stream_options' },
  vllm: { object: 'error', type: 'BadRequestError', param: null, code: 400,
    message: "[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs are not permitted', 'input': {}}]" },
  detail: { detail: [{ type: 'extra_forbidden', loc: ['body', 'stream_options'], msg: 'Extra inputs are not permitted', input: { include_usage: true } }] },
};
export default {
  source: 'modelscope/ms-agent#489 (vLLM), cline/cline#2764 (xAI), Pythagora-io/gpt-pilot#1022 (Azure); FastAPI\'s words as servers after vLLM have them',
  saw: 'one server refuses each question with 400',
  shape: 'status 400 that names stream_options, in four servers\' words',
  right: 'left out and asked again; the next question of the chat does not bring it any more',
  variants: Object.keys(said),
  requests: 2,
  answer: (req, n, variant, w) => 'stream_options' in req ? refuse(400, said[variant]) : w.say(),
  check: again(1),
};
