#!lua
-- A message for the session's stream: kept, and told to where the stream is.
-- Numbers only grow, also when Redis was emptied.
-- KEYS record said     ARGV message max keep_ms
local c, ours = record(KEYS[1], 'stream', 'said')
if not ours then return {DAMAGED} end
local process, number = string.match(c.stream or '', '^([^.]+)%.(%d+)$')
if not process then return {NONE} end
local before = num(c.said, 0) or 0
local n = math.max(before + 1, (clock()))
local kept = pcall('XADD', KEYS[2], 'MAXLEN', ARGV[2], n .. '-1', 'e', ARGV[1])
if type(kept) == 'table' and kept.err then -- others wrote there
	call('DEL', KEYS[2])
	call('XADD', KEYS[2], n .. '-1', 'e', ARGV[1])
	before = 0
end
call('PEXPIRE', KEYS[2], ARGV[3])
call('HSET', KEYS[1], 'said', n)
call('PUBLISH', string.match(KEYS[1], '^[^{]*') .. 'process:' .. process,
	number .. ' say\n' .. n .. ' ' .. before .. ' ' .. ARGV[1])
return {OK, n}
