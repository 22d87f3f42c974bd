#!lua flags=allow-oom
-- uses: limited
-- A word that is answered at once.  Stop is for the message at the head of
-- the inbox: running, or waiting to be tried again, which is then now.
-- KEYS chat inbox limit due free history     ARGV name per_minute stop
local now, us = clock()
local wait = limited(KEYS[3], tonumber(ARGV[2]), now, us)
if wait > 0 then return {LIMITED, wait} end
local c, ours = record(KEYS[1], 'token', 'state', 'cred', 'tools', 'tin',
	'tout', 'turns', 'ended')
local waiting = try('LLEN', KEYS[2]) or 0
if ARGV[3] == '1' and waiting > 0 and ours then
	call('HSET', KEYS[1], 'stop', '1')
	if not c.token and try('ZSCORE', KEYS[4], ARGV[1]) ~= nil then
		call('ZADD', KEYS[4], now, ARGV[1])
		wake_one(KEYS[5])
	end
end
-- NAME value ..., as record_at of redis/record.c reads them.
return {OK, {
	'running', c.token and 1 or 0,
	'waiting', waiting,
	'state', c.state or false, 'cred', c.cred or false,
	'tools', c.tools or false,
	'tin', num(c.tin, 0) or 0, 'tout', num(c.tout, 0) or 0,
	'turns', num(c.turns, 0) or 0,
	'ago', c.ended and now - (num(c.ended, 0) or 0) or -1,
	'exchanges', try('LLEN', KEYS[6]) or 0}}
