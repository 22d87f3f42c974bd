#!lua flags=allow-oom
-- All keys of a name end now.  What is left of each says so, for the log.
-- KEYS keys version     ARGV name mourn_ms
local now = clock()
local front = prefix_of(KEYS[1]) .. 'key:'
local had = try('HGET', KEYS[1], ARGV[1])
if had == nil then return {DAMAGED} end
if not had then return {NONE} end
local n = 0
for id in string.gmatch(had, '%x+') do
	local key = front .. id
	local c = record(key, 'doc')
	if c.doc then n = n + 1 end
	call('DEL', key)
	call('HSET', key, 'gone', now)
	call('PEXPIRE', key, ARGV[2])
end
call('HDEL', KEYS[1], ARGV[1])
-- The keys are ended, whatever this is.
local version = pcall('HINCRBY', KEYS[2], 'keys', 1)
return {OK, type(version) == 'number' and version or 0, n}
