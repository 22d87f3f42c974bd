#!lua flags=allow-oom
-- uses: limited
-- A word that is answered at once.  Stop is for the message at the head of
-- the inbox: running, or waiting to be tried again, which is then now.
-- KEYS chat inbox rate due wake     ARGV name per_minute stop
local now, us = clock()
local wait = limited(KEYS[3], tonumber(ARGV[2]), us)
if wait > 0 then return {LIMITED, wait} end
local c = call('HMGET', KEYS[1], 'token', 'state', 'cred', 'tools', 'tin',
	'tout', 'turns')
local waiting = call('LLEN', KEYS[2])
if ARGV[3] == '1' and waiting > 0 then
	call('HSET', KEYS[1], 'stop', '1')
	if not c[1] then
		call('ZADD', KEYS[4], now, ARGV[1])
		call('LPUSH', KEYS[5], '1')
		call('LTRIM', KEYS[5], 0, 999)
	end
end
return {OK, c[1] and 1 or 0, waiting, c[2], c[3], c[4], c[5], c[6], c[7]}
