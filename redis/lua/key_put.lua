#!lua
-- A key more: of a new name, or, where ${expected} is the list of ids that the
-- name has, in the place of those, which end.
-- KEYS keys version record
-- ARGV name id doc ends allow rate max expected overlap_ms mourn_ms of_name
-- ends, allow, rate: '' for none
local now = clock()
local name, id, expected = ARGV[1], ARGV[2], ARGV[8]
local front = string.sub(KEYS[3], 1, -1 - #id)
local had = try('HGET', KEYS[1], name)
if had == nil or try('HLEN', KEYS[2]) == nil then return {DAMAGED} end

-- Names of which no key is left: their records went with their time.
local function forget_names()
	local all = call('HGETALL', KEYS[1])
	for i = 1, #all, 2 do
		local there = 0
		for old in string.gmatch(all[i + 1], '%x+') do
			there = there + call('EXISTS', front .. old)
		end
		if there == 0 then call('HDEL', KEYS[1], all[i]) end
	end
end

if had and string.find(had, id, 1, true) == 1 then -- its answer was lost
	return {OK, num(call('HGET', KEYS[2], 'keys'), 0) or 0}
end
if expected ~= '' and had ~= expected then
	return {had and LOST or NONE}
end
-- Those of the name that have not ended.
local live = {}
for old in string.gmatch(had or '', '%x+') do
	local c, ours = record(front .. old, 'doc', 'ends')
	local ends = num(c.ends, 0) or 0
	if ours and c.doc and (ends == 0 or ends > now) then
		live[#live + 1] = {front .. old, ends, old}
	end
end
if expected == '' and #live > 0 then return {EXISTS} end
local max = tonumber(ARGV[7])
if not had and call('HLEN', KEYS[1]) >= max then forget_names() end
if #live >= tonumber(ARGV[11]) or
	(not had and call('HLEN', KEYS[1]) >= max) then
	return {FULL}
end
local mourn, list = tonumber(ARGV[10]), {id}
for i, old in ipairs(live) do
	local ends = now + tonumber(ARGV[9])
	if old[2] == 0 or old[2] > ends then
		call('HSET', old[1], 'ends', ends)
		call('PEXPIREAT', old[1], ends + mourn)
	end
	list[i + 1] = old[3]
end
call('HSET', KEYS[3], 'doc', ARGV[3])
for field, value in pairs({ends = ARGV[4], allow = ARGV[5], rate = ARGV[6]}) do
	if value ~= '' then call('HSET', KEYS[3], field, value) end
end
if ARGV[4] ~= '' then
	call('PEXPIREAT', KEYS[3], tonumber(ARGV[4]) + mourn)
end
call('HSET', KEYS[1], name, table.concat(list, ' '))
return {OK, call('HINCRBY', KEYS[2], 'keys', 1)}
