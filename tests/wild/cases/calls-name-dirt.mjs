const NAMES = { space: ' echo', trailing: 'echo ', functions: 'functions.echo', harmony: 'echo<|channel|>commentary', harmony2: 'echo<|channel|>json', to: 'to=functions.echo', default_api: 'default_api.echo', call: 'echo()', colon: 'functions.echo:0', upper: 'Echo', newline: 'echo\n' };
export default {
  source: 'anomalyco/opencode#4279 and code-yeongyu/oh-my-openagent#1568 (Kimi through OpenRouter), amd/gaia#3742, tontinton/maki#518 (functions.), vllm-project/vllm#32587 (harmony)',
  saw: 'unknown tool, again and again, until the turn ends',
  shape: 'the name of a call has a blank, a namespace or a harmony token beside the tool that is meant; the model repeats it',
  right: 'where what is left is the name of one tool that was offered it is that tool',
  wires: ['openai', 'anthropic'],
  variants: Object.keys(NAMES),
  requests: 2,
  answer: (req, n, variant, w) => Object.values(w.results(req)).some(t => t === 'one') ? w.say() : n < 3 ? w.call(NAMES[variant], '{"text":"one"}', `call_${n}`) : w.say('it gave up'),
};
