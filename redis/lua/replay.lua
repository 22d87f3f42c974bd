#!lua flags=allow-oom
-- A dead letter back as a new message.  ${seen} is cut by accept, which knows
-- how many ids to keep.
-- KEYS chat inbox seen due wake counts dead
-- ARGV letter id name kind mac body
if call('XDEL', KEYS[7], ARGV[1]) == 0 then return {NONE} end
local now = clock()
local c = call('HMGET', KEYS[1], 'seq', 'bytes')
local seq = (c[1] or 0) + 1
local entry = string.format('%s %.0f %.0f %s - %s\n', ARGV[2], seq, now,
	ARGV[4], ARGV[5]) .. ARGV[6]
call('ZADD', KEYS[3], now, ARGV[2])
call('EXPIRE', KEYS[3], 86400)
call('HSET', KEYS[1], 'seq', seq, 'bytes', (c[2] or 0) + #entry)
call('RPUSH', KEYS[2], entry)
call('HINCRBY', KEYS[6], 'accepted', 1)
if call('ZADD', KEYS[4], 'NX', now, ARGV[3]) == 1 then
	call('LPUSH', KEYS[5], '1')
	call('LTRIM', KEYS[5], 0, 999)
end
return {OK, seq}
