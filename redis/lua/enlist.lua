#!lua flags=allow-oom
-- Chats from before there was a list.  Last seen: the newest message of a day,
-- else the end of the last turn, else the hour of the last message.
-- KEYS chats     ARGV prefix name ...
local n = 0
if try('ZCARD', KEYS[1]) == nil then return {DAMAGED} end
for i = 2, #ARGV do
	local name = ARGV[i]
	local c, ours = record(ARGV[1] .. 'chat:' .. name, 'ended', 'hour')
	local newest = try('ZREVRANGE', ARGV[1] .. 'seen:' .. name, 0, 0,
		'WITHSCORES') or {}
	local seen = math.max(tonumber(newest[2] or 0), num(c.ended, 0) or 0,
		(num(c.hour, 0) or 0) * 3600000)
	if ours then n = n + call('ZADD', KEYS[1], 'GT', seen, name) end
end
return {OK, n}
