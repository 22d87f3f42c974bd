#!lua flags=allow-oom
-- Learns the names of the chats inside, so their keys cannot be in KEYS; they
-- carry the same hash tag.
-- KEYS due wake paused     ARGV prefix token lease n version popped
local now = clock()
local out = {NONE, now, 0}
if call('EXISTS', KEYS[3]) == 1 then return out end
local due, prefix, n = KEYS[1], ARGV[1], tonumber(ARGV[4])
local names = {}
if n > 0 then
	names = call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, n + 8)
	if #names == 0 then
		-- More than an hour ahead: nobody asks for that; a clock went back.
		local last = call('ZRANGE', due, -1, -1, 'WITHSCORES')
		if last[2] and tonumber(last[2]) > now + 3600000 then
			names = {last[1]}
		end
	end
end
-- What this worker does not know is a newer release's: it is left alone.  A
-- job that is no chat is of another kind; so is an entry that is no message.
local function is_newer(name, v, entry)
	if not string.find(name, '^[%w_.-]+/[%w_.-]+/.') then return true end
	local kind = string.match(entry or '', '^%S+ %d+ %d+ (%S+) %S+ %S+\n')
	return tonumber(v or 1) > tonumber(ARGV[5])
		or (kind ~= nil and kind ~= 'message')
end
local taken, more = 0, false
for _, name in ipairs(names) do
	if taken == n then
		more = true
		break
	end
	local chat, inbox = prefix .. 'chat:' .. name, prefix .. 'inbox:' .. name
	local turn = prefix .. 'turn:' .. name
	local c = call('HMGET', chat, 'v', 'token', 'crashes', 'attempt',
		'failures', 'stop', 'state', 'cred', 'tools', 'tin', 'tout', 'turns',
		'id', 'started', 'seq')
	local entry = call('LINDEX', inbox, 0)
	local crashes = (c[3] or 0) + (c[2] and 1 or 0)
	if is_newer(name, c[1], entry) then
		call('ZADD', due, now + 1000, name)
	elseif not entry then
		call('ZREM', due, name)
		if c[2] then call('HDEL', chat, 'token', 'taken') end
	elseif c[2] and crashes > 1 and not c[6] then
		-- One poison message must not take fifty others along.
		local jitter = 0.75 + (now % 1000) / 2000
		call('HDEL', chat, 'token', 'taken')
		call('HSET', chat, 'crashes', crashes)
		call('ZADD', due, math.floor(now +
			math.min(2 ^ crashes, 64) * 1000 * jitter), name)
	else
		taken = taken + 1
		local token = ARGV[2] .. string.format('%04x', taken)
		local attempt = (c[4] or 0) + 1
		local id, seq = string.match(entry, '^(%S+) (%d+)')
		local started, journal = c[14], {}
		if c[13] == id then
			journal = call('HGETALL', turn)
		else
			started = now
			if c[13] then call('DEL', turn) end
			if c[1] then call('HDEL', chat, 'v') end
		end
		call('ZADD', due, now + ARGV[3], name)
		if crashes > 0 then
			call('HSET', chat, 'token', token, 'taken', now, 'attempt',
				attempt, 'id', id, 'started', started, 'crashes', crashes)
		else
			call('HSET', chat, 'token', token, 'taken', now, 'attempt',
				attempt, 'id', id, 'started', started)
		end
		out[3 + taken] = {name, token, attempt, crashes,
			tonumber(c[5] or 0), tonumber(started), c[6] and 1 or 0, entry,
			call('LRANGE', prefix .. 'history:' .. name, 0, -1), journal,
			(c[15] or 0) - (seq or 0) + 1,
			c[7], c[8], c[9], c[10], c[11], c[12]}
	end
end
if taken > 0 then
	-- As many tokens as jobs, less the one that the caller has popped.
	local tokens = taken - tonumber(ARGV[6])
	if tokens > 0 then call('LPOP', KEYS[2], tokens) end
	out[1] = OK
end
if more then
	out[3] = now
elseif taken == 0 or ARGV[6] == '0' then
	local first = call('ZRANGE', due, 0, 0, 'WITHSCORES')
	if first[2] then out[3] = tonumber(first[2]) end
end
return out
