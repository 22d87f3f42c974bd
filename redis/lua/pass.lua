#!lua flags=allow-oom
-- Who was woken has no room, or ends: what is due is another's.
-- KEYS due free     ARGV id
pcall('SREM', KEYS[2], ARGV[1])
local first = try('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first and first[2] and tonumber(first[2]) <= clock() then
	wake_one(KEYS[2])
end
return {OK}
