#!lua flags=allow-oom,no-writes
-- KEYS counts due dead damaged     ARGV prefix max end ...
-- Inboxes are counted through due on purpose: a chat with messages that is
-- not in due is what unaccounted finds.  max: of chats looked at in one call.
local now = clock()
local c = try('HMGET', KEYS[1], 'accepted', unpack(ARGV, 3))
local max = tonumber(ARGV[2])
local names = try('ZRANGE', KEYS[2], 0, max - 1)
local dead = try('XLEN', KEYS[3])
if not c or not names or not dead then
	return {not c and 'counts' or not names and 'due' or 'dead'}
end
local waiting = 0
for _, name in ipairs(names) do
	waiting = waiting + (try('LLEN', ARGV[1] .. 'inbox:' .. name) or 0)
end
local jobs = call('ZCARD', KEYS[2])
local first = call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
local late = 0
if first[2] then
	late = math.min(1e12, math.max(0, now - tonumber(first[2])))
end
local out = {waiting, jobs, late, dead, jobs <= max and 1 or 0,
	try('ZCARD', KEYS[4]) or 0}
for i = 1, #ARGV - 1 do
	local n = num(c[i], 0)
	if not n then return {'counts'} end
	out[#out + 1] = n
end
return out
