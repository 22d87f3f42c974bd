#!lua flags=allow-oom
-- KEYS chat turn due free
-- ARGV token name delay failed version field value
local c = record(KEYS[1], 'token', 'failures', 'stop', 'v')
if c.token ~= ARGV[1] then return {LOST} end
local now = clock()
local delay = tonumber(ARGV[3])
if ARGV[6] then
	if try('HLEN', KEYS[2]) ~= nil then -- else take ends it
		call('HSET', KEYS[2], ARGV[6], ARGV[7])
		mark_version(KEYS[1], c.v, ARGV[5])
	end
	-- It would ask a model again; /stop came, so that there is no waiting.
	if c.stop then delay = 0 end
end
call('HDEL', KEYS[1], 'token', 'taken')
if ARGV[4] == '1' then
	call('HSET', KEYS[1], 'failures', (num(c.failures, 0) or 0) + 1)
end
pcall('ZADD', KEYS[3], 'XX', now + delay, ARGV[2])
if delay == 0 then wake_one(KEYS[4]) end
return {OK}
