#!lua flags=allow-oom
-- It is done; or with doc '' forgotten, as if it had never begun.
-- KEYS record     ARGV token doc keep_ms
-- Answers who waits.
local c, ours = record(KEYS[1], 'token', 'wait')
if not ours or c.token ~= ARGV[1] then return {LOST} end
if ARGV[2] == '' then
	call('DEL', KEYS[1])
else
	call('HDEL', KEYS[1], 'token', 'until', 'wait')
	call('HSET', KEYS[1], 'doc', ARGV[2])
	call('PEXPIRE', KEYS[1], ARGV[3])
end
return {OK, c.wait or ''}
