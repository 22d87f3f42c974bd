#!lua flags=allow-oom
-- All of a chat at once.  Learns the ids of its messages inside, for the keys
-- that are named by them; they carry the same hash tag.  Who holds its turn
-- finds it LOST.  What waited ends as refused: it will have no answer.
-- KEYS chat inbox history turn seen rate due counts damaged dead chats
-- ARGV name letter ...
local name, prefix = ARGV[1], prefix_of(KEYS[1])
local day = math.floor((clock()) / 86400000)
local ids, gone = {}, 0
local function drop(key)
	gone = gone + call('UNLINK', key) + call('UNLINK', key .. ':damaged')
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
if #inbox > 0 and pcall('HEXISTS', KEYS[8], 'accepted') == 1 then
	pcall('HINCRBY', KEYS[8], 'refused', #inbox)
end

for i = 1, 6 do drop(KEYS[i]) end
for id in pairs(ids) do
	drop(prefix .. 'reply:' .. id)
	drop(prefix .. 'wait:' .. id)
end
-- A clock may be a day off; a budget lives for two.
for d = day - 3, day + 1 do
	drop(prefix .. 'budget:' .. string.format('%.0f', d) .. ':' .. name)
end
for i = 2, #ARGV do
	local n = pcall('XDEL', KEYS[10], ARGV[i])
	if type(n) == 'number' then gone = gone + n end
end
-- What was noted of its keys: KEY FIELD, or KEY:damaged.
for _, noted in ipairs(try('ZRANGE', KEYS[9], 0, -1) or {}) do
	for i = 1, 6 do
		local rest = string.sub(noted, #KEYS[i] + 1)
		if string.sub(noted, 1, #KEYS[i]) == KEYS[i] and
			(string.sub(rest, 1, 1) == ' ' or rest == ':damaged') then
			call('ZREM', KEYS[9], noted)
		end
	end
end
pcall('ZREM', KEYS[7], name)
local listed = pcall('ZREM', KEYS[11], name) == 1
if gone == 0 and not listed then return {NONE} end
return {OK, gone, #inbox}
