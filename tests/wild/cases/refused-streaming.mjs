import { again } from '../again.mjs';
import { error, refuse } from '../wire.mjs';

const said = {
  openai: error('Your organization must be verified to stream this model. Please go to: https://platform.openai.com/settings/organization/general and click on Verify Organization.', { param: 'stream', code: 'unsupported_value' }),
  relay: error('This model does not support streaming.'),
};
export default {
  source: 'charmbracelet/crush#422, QuantumNous/new-api#1591, BeehiveInnovations/pal-mcp-server#134',
  saw: 'o3 can be asked whole, but not as a stream: each question is refused',
  shape: 'stream is refused by name',
  right: 'asked whole; remembered',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(said),
  requests: 2,
  answer: (req, n, variant, w) => req.stream ? refuse(400, said[variant]) : w.whole('right answer'),
  check: again(1),
};
