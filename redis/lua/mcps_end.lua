#!lua flags=allow-oom
-- A session is ended: what it had goes, a mark stays.  With an address instead
-- of a time: it has no stream any more, if it is that one.
-- KEYS record     ARGV keep_ms address
local c = record(KEYS[1], 'stream')
if ARGV[2] ~= '' then
	if c.stream == ARGV[2] then call('HDEL', KEYS[1], 'stream') end
	return {OK}
end
call('DEL', KEYS[1])
call('HSET', KEYS[1], 'ended', (clock()))
call('PEXPIRE', KEYS[1], ARGV[1])
if c.stream then
	local process, number = string.match(c.stream, '^([^.]+)%.(%d+)$')
	if process then
		call('PUBLISH', string.match(KEYS[1], '^[^{]*') .. 'process:' ..
			process, number .. ' over\n')
	end
end
return {OK}
