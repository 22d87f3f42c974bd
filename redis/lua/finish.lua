#!lua flags=allow-oom
-- uses: counts
-- KEYS chat inbox history turn due free counts dead reply wait
-- Empty: unchanged.  history_max -1: forgotten.  forget, cred '-': removed.
local token, name, id, how, entry, history_max, forget, state, cred, tools,
	tokens_in, tokens_out, reply, keep, why = unpack(ARGV)
local c = record(KEYS[1], 'token', 'done', 'turns', 'tin', 'tout', 'bytes',
	'attempt', 'crashes', 'failures', 'waits', 'v', 'seq', 'stop')
if c.token ~= token then
	-- A repeat whose first answer got lost on the way is no loss.
	if c.done == token then return {OK} end
	return {LOST}
end
local held = try('LLEN', KEYS[2])
local first = held and call('LINDEX', KEYS[2], 0)
if not first or string.sub(first, 1, #id + 1) ~= id .. ' ' then
	return {HEAD}
end
-- /stop was told that it stops this one.
if c.stop and (how == 'replied' or how == 'unconfirmed') then
	return {STOPPED}
end
-- What it will write to is looked at before anything is written.
if how == 'dead' and try('XLEN', KEYS[8]) == nil then return {DAMAGED} end
local seq, turns = both_counts(KEYS[2], c.seq or '', c.turns, held)
local left = held - 1
local now = clock()
local to = {}
if reply ~= '' and c.waits then
	to = try('SRANDMEMBER', KEYS[10], 256)
	if to == nil then
		aside(KEYS[10])
		to = {}
	end
end
if entry ~= '' and try('LLEN', KEYS[3]) == nil then aside(KEYS[3]) end

local set, gone = {}, {'token', 'taken', 'attempt', 'id', 'started', 'stop'}
local function put(field, value)
	set[#set + 1] = field
	set[#set + 1] = value
end
put('done', token)
put('turns', turns + 1)
put('ended', now)
if c.crashes then gone[#gone + 1] = 'crashes' end
if c.failures then gone[#gone + 1] = 'failures' end
if c.v then gone[#gone + 1] = 'v' end
if left == 0 then
	gone[#gone + 1] = 'bytes'
	if c.waits then gone[#gone + 1] = 'waits' end
else
	put('bytes', math.max(0, (num(c.bytes, 0) or 0) - #first))
end
if tokens_in ~= '0' then put('tin', (num(c.tin, 0) or 0) + tokens_in) end
if tokens_out ~= '0' then put('tout', (num(c.tout, 0) or 0) + tokens_out) end
if forget == '1' then
	gone[#gone + 1] = 'state'
	gone[#gone + 1] = 'cred'
	gone[#gone + 1] = 'tools'
end
for field, value in pairs({state = state, cred = cred, tools = tools}) do
	if value == '-' then
		gone[#gone + 1] = field
	elseif value ~= '' then
		put(field, value)
	end
end

call('LPOP', KEYS[2])
call('DEL', KEYS[4])
if history_max == '-1' then
	call('DEL', KEYS[3])
elseif entry ~= '' then
	if call('RPUSH', KEYS[3], entry) > tonumber(history_max) then
		call('LTRIM', KEYS[3], -tonumber(history_max), -1)
	end
end
-- Removed first: what is set with it stays.
call('HDEL', KEYS[1], unpack(gone))
call('HSET', KEYS[1], unpack(set))

if how == 'dead' then
	call('XADD', KEYS[8], 'MAXLEN', '~', '10000', '*', 'chat', name, 'why',
		why, 'attempts', c.attempt or '0', 'time', now, 'entry', first)
end
if reply ~= '' then
	local address, mac = string.match(first,
		'^%S+ %d+ %d+ %S+ (%S+) (%S+)\n')
	call('SET', KEYS[9], (mac or '-') .. ' ' .. name .. '\n' .. reply, 'PX',
		keep)
	if c.waits then call('DEL', KEYS[10]) end
	to[#to + 1] = address
	local channel = string.match(KEYS[1], '^[^{]*') .. 'process:'
	for _, a in ipairs(to) do
		local process, number = string.match(a, '^([^.]+)%.(%d+)$')
		if process then
			call('PUBLISH', channel .. process,
				number .. ' reply\n' .. reply)
		end
	end
end
-- A damaged due: once it is deleted, what waits is put there again.
if left > 0 then
	pcall('ZADD', KEYS[5], now, name)
	wake_one(KEYS[6])
else
	pcall('ZREM', KEYS[5], name)
end
counted(KEYS[7], KEYS[5], how, prefix_of(KEYS[2]) .. 'inbox:')
return {OK}
