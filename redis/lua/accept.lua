#!lua
-- uses: limited known counts
-- KEYS chat inbox seen limit due free counts reply wait chats
-- ARGV id name kind address mac body per_minute max bytes full keep keep_ms
local id, name = ARGV[1], ARGV[2]
local now, us = clock()
-- Where it would not be found, nothing is accepted.
if try('ZSCORE', KEYS[5], name) == nil then return {DAMAGED} end
local added = try('ZADD', KEYS[3], 'NX', now, id)
if added ~= 1 then
	if added == nil then aside(KEYS[3]) end
	local r = known(id, ARGV[4], KEYS[1], KEYS[2], KEYS[8], KEYS[9])
	if r then return r end
	if added and tonumber(call('ZSCORE', KEYS[3], id)) > now - 86400000 then
		return {GONE}
	end
	call('ZADD', KEYS[3], now, id)
end
local c, ours = record(KEYS[1], 'seq', 'bytes', 'hour', 'turns')
local held = try('LLEN', KEYS[2])
local seq, bytes = num(c.seq, 0), num(c.bytes, 0)
local entry = string.format('%s %.0f %.0f %s %s %s\n', id, seq or 0, now,
	ARGV[3], ARGV[4], ARGV[5]) .. ARGV[6]
if ARGV[10] == '1' or (bytes or 0) + #entry > tonumber(ARGV[9]) or
	(held or 0) >= tonumber(ARGV[8]) then
	call('ZREM', KEYS[3], id)
	return {FULL}
end
local wait = limited(KEYS[4], tonumber(ARGV[7]), now, us)
if wait > 0 then
	call('ZREM', KEYS[3], id)
	return {LIMITED, wait}
end
-- From here on it is accepted: what is in the way goes.
if not ours then aside(KEYS[1]) end
if not ours or held == nil or not seq or not bytes then
	local turns
	if held == nil then aside(KEYS[2]) end
	held = held or 0
	seq, turns = both_counts(KEYS[2], c.seq or '', c.turns, held)
	local lost = settle(KEYS[1], KEYS[7], seq, turns, held)
	if lost > 0 then
		mourn(prefix_of(KEYS[2]) .. 'dead', name, lost, 'damaged: inbox')
	end
	bytes = bytes or 0
end
seq = seq + 1
entry = string.format('%s %.0f %.0f %s %s %s\n', id, seq, now, ARGV[3],
	ARGV[4], ARGV[5]) .. ARGV[6]
bytes = bytes + #entry
-- Every 16th time is enough to stay below 128, where it is a listpack.  An id
-- whose reply is kept stays: forget finds the reply by it.
if seq % 16 == 0 then
	call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - tonumber(ARGV[12]))
	local over = call('ZCARD', KEYS[3]) - tonumber(ARGV[11])
	local old = over > 0 and
		call('ZRANGE', KEYS[3], 0, math.min(over, 32) - 1) or {}
	for _, other in ipairs(old) do
		if call('EXISTS', prefix_of(KEYS[3]) .. 'reply:' .. other) == 0
			then call('ZREM', KEYS[3], other) end
	end
end
-- Once an hour is enough for a key that lives a day and more.
local hour = math.floor(now / 3600000)
if num(c.hour, 0) ~= hour then
	call('PEXPIRE', KEYS[3], tonumber(ARGV[12]) + 3600000)
	call('HSET', KEYS[1], 'seq', seq, 'bytes', bytes, 'hour', hour)
else
	call('HSET', KEYS[1], 'seq', seq, 'bytes', bytes)
end
call('RPUSH', KEYS[2], entry)
if call('ZADD', KEYS[5], 'NX', now, name) == 1 then wake_one(KEYS[6]) end
pcall('ZADD', KEYS[10], now, name)
counted(KEYS[7], KEYS[5], 'accepted', prefix_of(KEYS[2]) .. 'inbox:')
return {OK, seq}
