#!lua flags=allow-oom
-- uses: letter
-- A job that was taken and that its worker cannot read at all: the message is
-- a dead letter, the next one comes.
-- KEYS chat inbox turn due counts dead     ARGV token name why
local c, ours = record(KEYS[1], 'token', 'seq', 'turns')
if not ours or c.token ~= ARGV[1] then return {LOST} end
if try('LLEN', KEYS[2]) == nil then return {HEAD} end
local why = 'damaged: ' .. ARGV[3]
if not bury(KEYS[1], KEYS[2], KEYS[6], KEYS[5], ARGV[2], why, c.seq or '',
	c.turns, false) then return {DAMAGED} end
note(KEYS[1], KEYS[1] .. ' ' .. ARGV[3])
call('DEL', KEYS[3])
call('HDEL', KEYS[1], 'token', 'taken', 'attempt', 'id', 'started', 'stop',
	'crashes', 'failures', 'v')
if call('LLEN', KEYS[2]) > 0 then
	pcall('ZADD', KEYS[4], (clock()), ARGV[2])
else
	pcall('ZREM', KEYS[4], ARGV[2])
end
return {OK}
