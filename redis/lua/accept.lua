#!lua
-- KEYS chat inbox seen rate due wake counts reply wait
-- ARGV id name kind address mac body per_minute max bytes full keep
local id, name = ARGV[1], ARGV[2]
local now, us = clock()
local seen = call('ZSCORE', KEYS[3], id)
if seen then
	local r = known(id, ARGV[4], KEYS[2], KEYS[8], KEYS[9])
	if r then return r end
	if tonumber(seen) > now - 86400000 then return {GONE} end
end
local c = call('HMGET', KEYS[1], 'seq', 'bytes')
local seq, bytes = (c[1] or 0) + 1, c[2] or 0
local entry = string.format('%s %.0f %.0f %s %s %s\n', id, seq, now, ARGV[3],
	ARGV[4], ARGV[5]) .. ARGV[6]
bytes = bytes + #entry
if ARGV[10] == '1' or call('LLEN', KEYS[2]) >= tonumber(ARGV[8]) or
	bytes > tonumber(ARGV[9]) then
	return {FULL}
end
local wait = limited(KEYS[4], tonumber(ARGV[7]), us)
if wait > 0 then return {LIMITED, wait} end
call('ZADD', KEYS[3], now, id)
call('EXPIRE', KEYS[3], 86400)
-- Every 16th time is enough to stay below 128, where it is a listpack.
if seq % 16 == 0 then
	call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 86400000)
	call('ZREMRANGEBYRANK', KEYS[3], 0, -tonumber(ARGV[11]) - 1)
end
call('HSET', KEYS[1], 'seq', seq, 'bytes', bytes)
call('RPUSH', KEYS[2], entry)
call('HINCRBY', KEYS[7], 'accepted', 1)
if call('ZADD', KEYS[5], 'NX', now, name) == 1 then
	if call('LPUSH', KEYS[6], '1') > 1000 then
		call('LTRIM', KEYS[6], 0, 999)
	end
end
return {OK, seq}
