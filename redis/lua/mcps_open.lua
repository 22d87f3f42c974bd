#!lua flags=allow-oom
-- The session has another stream from now on; the one before it is told.
-- KEYS record     ARGV address keep_ms
local c, ours = record(KEYS[1], 'ended', 'stream', 'said')
if not ours then return {DAMAGED} end
if c.ended then return {GONE} end
call('HSET', KEYS[1], 'stream', ARGV[1])
call('PEXPIRE', KEYS[1], ARGV[2])
if c.stream and c.stream ~= ARGV[1] then
	local process, number = string.match(c.stream, '^([^.]+)%.(%d+)$')
	if process then
		call('PUBLISH', string.match(KEYS[1], '^[^{]*') .. 'process:' ..
			process, number .. ' over\n')
	end
end
return {OK, num(c.said, 0) or 0}
