#!lua flags=allow-oom
-- No fields: renew.
-- KEYS chat turn due     ARGV token name lease max_time version field ...
local c = record(KEYS[1], 'token', 'taken', 'stop', 'v')
if c.token ~= ARGV[1] then return {LOST} end
local now = clock()
local max_time, taken = tonumber(ARGV[4]), num(c.taken, now) or now
if max_time > 0 and now - taken > max_time then return {LATE} end
if ARGV[6] then
	-- A journal that is none: who takes it next ends it.
	if try('HLEN', KEYS[2]) == nil then return {LOST} end
	call('HSET', KEYS[2], unpack(ARGV, 6))
	mark_version(KEYS[1], c.v, ARGV[5])
end
pcall('ZADD', KEYS[3], 'XX', now + ARGV[3], ARGV[2])
return {OK, c.stop and 1 or 0}
