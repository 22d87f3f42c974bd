#!lua flags=allow-oom
-- uses: task
-- Its tool asks a person.  Nobody holds it, and nobody looks at it, until all is
-- answered: what its call has begun has ended so.
-- KEYS task due     ARGV token name asks
local token, name, asks = unpack(ARGV)
local c = record(KEYS[1], 'token', 'done', 'round', 'stop', 'ears')
if c.token ~= token then
	if c.done == token then return {OK} end -- a repeat
	return {LOST}
end
if c.stop then return {STOPPED} end
call('HDEL', KEYS[1], 'token', 'taken', 'attempt', 'started', 'crashes', 'begun',
	'said')
call('HSET', KEYS[1], 'state', 'input_required', 'asks', asks, 'done', token,
	'updated', (clock()), 'round', (num(c.round, 0) or 0) + 1)
pcall('ZREM', KEYS[2], name)
tell(KEYS[1], c.ears)
return {OK}
