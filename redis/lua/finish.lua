#!lua flags=allow-oom
-- uses: counts
-- KEYS chat inbox history turn due wake counts dead reply wait
-- ARGV token name id end entry history_max forget state cred tools in out
--      reply keep why
-- Empty: unchanged.  history_max -1: forgotten.  forget, cred '-': removed.
local c = record(KEYS[1], 'token', 'done', 'turns', 'tin', 'tout', 'bytes',
	'attempt', 'crashes', 'failures', 'waits', 'v', 'seq', 'stop')
if c[1] ~= ARGV[1] then
	-- A repeat whose first answer got lost on the way is no loss.
	if c[2] == ARGV[1] then return {OK} end
	return {LOST}
end
local held = try('LLEN', KEYS[2])
local first = held and call('LINDEX', KEYS[2], 0)
if not first or string.sub(first, 1, #ARGV[3] + 1) ~= ARGV[3] .. ' ' then
	return {HEAD}
end
-- /stop was told that it stops this one.
if c[13] and (ARGV[4] == 'replied' or ARGV[4] == 'unconfirmed') then
	return {STOPPED}
end
-- What it will write to is looked at before anything is written.
if ARGV[4] == 'dead' and try('XLEN', KEYS[8]) == nil then return {DAMAGED} end
local seq, turns = both_counts(KEYS[2], c[12] or '', c[3], held)
local left = held - 1
local now = clock()
local to = {}
if ARGV[13] ~= '' and c[10] then
	to = try('SRANDMEMBER', KEYS[10], 256)
	if to == nil then
		aside(KEYS[10])
		to = {}
	end
end
if ARGV[5] ~= '' and try('LLEN', KEYS[3]) == nil then aside(KEYS[3]) end

local set = {'done', ARGV[1], 'turns', turns + 1, 'ended', now}
local gone = {'token', 'taken', 'attempt', 'id', 'started', 'stop'}
if c[8] then gone[#gone + 1] = 'crashes' end
if c[9] then gone[#gone + 1] = 'failures' end
if c[11] then gone[#gone + 1] = 'v' end
if left == 0 then
	gone[#gone + 1] = 'bytes'
	if c[10] then gone[#gone + 1] = 'waits' end
else
	set[#set + 1] = 'bytes'
	set[#set + 1] = math.max(0, (num(c[6], 0) or 0) - #first)
end
if ARGV[11] ~= '0' then
	set[#set + 1] = 'tin'
	set[#set + 1] = (num(c[4], 0) or 0) + ARGV[11]
end
if ARGV[12] ~= '0' then
	set[#set + 1] = 'tout'
	set[#set + 1] = (num(c[5], 0) or 0) + ARGV[12]
end
if ARGV[7] == '1' then
	gone[#gone + 1] = 'state'
	gone[#gone + 1] = 'cred'
	gone[#gone + 1] = 'tools'
end
local fields = {'state', 'cred', 'tools'}
for i = 1, 3 do
	local v = ARGV[7 + i]
	if v == '-' then
		gone[#gone + 1] = fields[i]
	elseif v ~= '' then
		set[#set + 1] = fields[i]
		set[#set + 1] = v
	end
end

call('LPOP', KEYS[2])
call('DEL', KEYS[4])
if ARGV[6] == '-1' then
	call('DEL', KEYS[3])
elseif ARGV[5] ~= '' then
	if call('RPUSH', KEYS[3], ARGV[5]) > tonumber(ARGV[6]) then
		call('LTRIM', KEYS[3], -tonumber(ARGV[6]), -1)
	end
end
-- Removed first: what is set with it stays.
call('HDEL', KEYS[1], unpack(gone))
call('HSET', KEYS[1], unpack(set))

if ARGV[4] == 'dead' then
	call('XADD', KEYS[8], 'MAXLEN', '~', '10000', '*', 'chat', ARGV[2], 'why',
		ARGV[15], 'attempts', c[7] or '0', 'time', now, 'entry', first)
end
if ARGV[13] ~= '' then
	local address, mac = string.match(first,
		'^%S+ %d+ %d+ %S+ (%S+) (%S+)\n')
	call('SET', KEYS[9], (mac or '-') .. ' ' .. ARGV[2] .. '\n' .. ARGV[13],
		'PX', ARGV[14])
	if c[10] then call('DEL', KEYS[10]) end
	to[#to + 1] = address
	local channel = string.match(KEYS[1], '^[^{]*') .. 'process:'
	for _, a in ipairs(to) do
		local process, number = string.match(a, '^([^.]+)%.(%d+)$')
		if process then
			call('PUBLISH', channel .. process,
				number .. ' reply\n' .. ARGV[13])
		end
	end
end
-- A damaged due: once it is deleted, what waits is put there again.
if left > 0 then
	pcall('ZADD', KEYS[5], now, ARGV[2])
	wake_one(KEYS[6])
else
	pcall('ZREM', KEYS[5], ARGV[2])
end
counted(KEYS[7], KEYS[5], ARGV[4], prefix_of(KEYS[2]) .. 'inbox:')
return {OK}
