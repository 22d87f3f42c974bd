#!lua flags=allow-oom,no-writes
-- KEYS counts due dead     ARGV prefix end ...
-- Inboxes are counted through due on purpose: a chat with messages that is
-- not in due is what unaccounted finds.
local now = clock()
local c = call('HMGET', KEYS[1], 'accepted', unpack(ARGV, 2))
local names, waiting = call('ZRANGE', KEYS[2], 0, -1), 0
for _, name in ipairs(names) do
	waiting = waiting + call('LLEN', ARGV[1] .. 'inbox:' .. name)
end
local first = call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
local late = 0
if first[2] then late = math.max(0, now - first[2]) end
for i = 1, #ARGV do c[i] = tonumber(c[i] or 0) end
return {waiting, #names, late, call('XLEN', KEYS[3]), unpack(c)}
