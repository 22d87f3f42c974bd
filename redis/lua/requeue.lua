#!lua flags=allow-oom
-- Chats that wait and are in due no more, because it was deleted.  Who is held
-- gets a lease: the holder renews it.
-- KEYS due free     ARGV prefix lease name ...
local now, n = clock(), 0
if try('ZCARD', KEYS[1]) == nil then return {DAMAGED} end
for i = 3, #ARGV do
	local len = try('LLEN', ARGV[1] .. 'inbox:' .. ARGV[i])
	if len == nil or len > 0 then
		local held = record(ARGV[1] .. 'chat:' .. ARGV[i], 'token').token
		n = n + call('ZADD', KEYS[1], 'NX', held and now + ARGV[2] or now,
			ARGV[i])
	end
end
if n > 0 then wake_one(KEYS[2]) end
return {OK, n}
