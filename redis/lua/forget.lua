#!lua flags=allow-oom
-- All of a chat at once.  Learns the ids of its messages inside, for the keys
-- that are named by them; they carry the same hash tag.  Who holds its turn
-- finds it LOST.  What waited ends as refused; who waits for it gets the reply
-- that was sealed for it, which is not kept.
-- KEYS chat inbox history turn seen rate window due counts damaged dead chats
-- ARGV name letters letter ... id reply ...
local name, letters = ARGV[1], tonumber(ARGV[2])
local prefix = prefix_of(KEYS[1])
local day = math.floor((clock()) / 86400000)
local ids, gone = {}, 0
-- Older releases set a key aside as KEY:damaged: that is one of the chat
-- NAME:damaged, where there is such a chat.
local older = try('ZSCORE', KEYS[12], name .. ':damaged') == false
local dropped = {}
local function drop_one(key)
	gone = gone + call('UNLINK', key)
	dropped[key] = true
end
local function drop(key)
	drop_one(key)
	drop_one(aside_of(key))
	if older then drop_one(key .. ':damaged') end
end
local function ids_of(entries)
	for _, entry in ipairs(entries or {}) do
		ids[string.match(string.sub(entry, 1, 64), '^%w+') or ''] = true
	end
end
local inbox = try('LRANGE', KEYS[2], 0, -1) or {}
ids_of(inbox)
ids_of(try('LRANGE', KEYS[3], 0, -1))
ids_of(try('ZRANGE', KEYS[5], 0, -1))
ids_of({record(KEYS[1], 'id').id})
if #inbox > 0 and pcall('HEXISTS', KEYS[9], 'accepted') == 1 then
	pcall('HINCRBY', KEYS[9], 'refused', #inbox)
end

local replies, channel = {}, string.match(KEYS[1], '^[^{]*') .. 'process:'
for i = letters + 3, #ARGV, 2 do replies[ARGV[i]] = ARGV[i + 1] end
for _, entry in ipairs(inbox) do
	local id, first = string.match(string.sub(entry, 1, 192),
		'^(%w+) %d+ %d+ %S+ (%S+) ')
	local to = id and replies[id] and
		(try('SRANDMEMBER', prefix .. 'wait:' .. id, 256) or {}) or {}
	if replies[id or ''] then to[#to + 1] = first end
	for _, address in ipairs(to) do
		local process, number = string.match(address, '^([^.]+)%.(%d+)$')
		if process then
			call('PUBLISH', channel .. process,
				number .. ' reply\n' .. replies[id])
		end
	end
end

for i = 1, 7 do drop(KEYS[i]) end
for id in pairs(ids) do
	drop(prefix .. 'reply:' .. id)
	drop(prefix .. 'wait:' .. id)
end
-- A clock may be a day off; a budget lives for two.
for d = day - 3, day + 1 do
	drop(prefix .. 'budget:' .. string.format('%.0f', d) .. ':' .. name)
end
for i = 3, letters + 2 do
	local n = pcall('XDEL', KEYS[11], ARGV[i])
	if type(n) == 'number' then gone = gone + n end
end
-- What was noted of its keys: KEY FIELD, or where the key went.
for _, noted in ipairs(try('ZRANGE', KEYS[10], 0, -1) or {}) do
	local field_of = string.match(noted, '^(.*) %S+$')
	if dropped[noted] or dropped[field_of or ''] then
		call('ZREM', KEYS[10], noted)
	end
end
pcall('ZREM', KEYS[8], name)
local listed = pcall('ZREM', KEYS[12], name) == 1
if gone == 0 and not listed then return {NONE} end
return {OK, gone, #inbox}
