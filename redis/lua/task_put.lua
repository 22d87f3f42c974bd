#!lua
-- A new task: its record and its place in the queue, at once.
-- KEYS task open due free
-- ARGV name id call address max keep
local name, id, what, address, max, keep = unpack(ARGV)
local now = clock()
-- Where it would not be found, nothing is begun.
if try('ZSCORE', KEYS[3], name) == nil then return {DAMAGED} end
local held, ours = record(KEYS[1], 'created')
if held.created then return {OK, num(held.created, now)} end -- a repeat
if not ours then aside(KEYS[1]) end
-- Those that ended without saying so are out of their time.
if try('ZREMRANGEBYSCORE', KEYS[2], '-inf', now) == nil then aside(KEYS[2]) end
if call('ZCARD', KEYS[2]) >= tonumber(max) then return {FULL} end
call('HSET', KEYS[1], 'state', 'working', 'created', now, 'updated', now,
	'ends', now + keep, 'call', what)
if address ~= '' then call('HSET', KEYS[1], 'address', address) end
call('PEXPIRE', KEYS[1], keep)
call('ZADD', KEYS[2], now + keep, id)
call('PEXPIRE', KEYS[2], keep)
call('ZADD', KEYS[3], 'NX', now, name)
wake_one(KEYS[4])
return {OK, now}
