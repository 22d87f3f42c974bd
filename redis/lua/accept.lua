#!lua
-- uses: limited known
-- KEYS chat inbox seen rate due wake counts reply wait
-- ARGV id name kind address mac body per_minute max bytes full keep
local id, name = ARGV[1], ARGV[2]
local now, us = clock()
if call('ZADD', KEYS[3], 'NX', now, id) == 0 then
	local r = known(id, ARGV[4], KEYS[1], KEYS[2], KEYS[8], KEYS[9])
	if r then return r end
	if tonumber(call('ZSCORE', KEYS[3], id)) > now - 86400000 then
		return {GONE}
	end
	call('ZADD', KEYS[3], now, id)
end
local c = call('HMGET', KEYS[1], 'seq', 'bytes', 'hour')
local seq, bytes = (c[1] or 0) + 1, c[2] or 0
local entry = string.format('%s %.0f %.0f %s %s %s\n', id, seq, now, ARGV[3],
	ARGV[4], ARGV[5]) .. ARGV[6]
bytes = bytes + #entry
-- No bytes: it is empty.
if ARGV[10] == '1' or bytes > tonumber(ARGV[9]) or
	(c[2] and call('LLEN', KEYS[2]) >= tonumber(ARGV[8])) then
	call('ZREM', KEYS[3], id)
	return {FULL}
end
local wait = limited(KEYS[4], tonumber(ARGV[7]), us)
if wait > 0 then
	call('ZREM', KEYS[3], id)
	return {LIMITED, wait}
end
-- Every 16th time is enough to stay below 128, where it is a listpack.
if seq % 16 == 0 then
	call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 86400000)
	call('ZREMRANGEBYRANK', KEYS[3], 0, -tonumber(ARGV[11]) - 1)
end
-- Once an hour is enough for a key that lives a day.
local hour = math.floor(now / 3600000)
if tonumber(c[3] or 0) ~= hour then
	call('EXPIRE', KEYS[3], 90000)
	call('HSET', KEYS[1], 'seq', seq, 'bytes', bytes, 'hour', hour)
else
	call('HSET', KEYS[1], 'seq', seq, 'bytes', bytes)
end
call('RPUSH', KEYS[2], entry)
call('HINCRBY', KEYS[7], 'accepted', 1)
if call('ZADD', KEYS[5], 'NX', now, name) == 1 then
	if call('LPUSH', KEYS[6], '1') > 1000 then
		call('LTRIM', KEYS[6], 0, 999)
	end
end
return {OK, seq}
