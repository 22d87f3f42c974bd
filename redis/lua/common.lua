-- Joined in front of every script.  Codes are those of enum store_rc.
local call, pcall = redis.call, redis.pcall
local OK, NONE, EXISTS, ANSWERED, GONE = 0, 1, 2, 3, 5
local FULL, LIMITED, LOST, LATE, HEAD = 6, 7, 8, 9, 10
local DAMAGED, CROWDED, STOPPED = 11, 12, 13

-- Redis's own time: microseconds, and whole milliseconds.
local function clock()
	local t = call('TIME')
	local us = t[1] * 1000000 + t[2]
	return math.floor(us / 1000), us
end

-- Others may write to this Redis, and a script does not roll back.  So what is
-- read is looked at first: a key of another type is nil here, an absent one as
-- call answers; all other errors end the script as always.
local function try(...)
	local r = pcall(...)
	if type(r) == 'table' and r.err then
		if string.find(r.err, 'WRONGTYPE', 1, true) then return nil end
		error(r)
	end
	return r
end

-- A number as we write it, ${default} for none, nil for anything else.
local function num(v, default)
	if not v then return default end
	if #v <= 15 and string.find(v, '^%d+$') then return tonumber(v) end
	return nil
end

-- What all keys of a partition or a tenant have in front: the installation's
-- prefix, which has no brace, and "{pN}:" or "{tenant:T}:".
local function prefix_of(key)
	return string.match(key, '^[^{]*{p%d+}:') or
		string.match(key, '^[^{]*{tenant:[^}]*}:') or ''
end

-- What was found damaged is counted and listed, for dragoman doctor.
local function note(key, what)
	local prefix = prefix_of(key)
	if prefix == '' then return end
	if string.find(prefix, '{p', 1, true) then
		pcall('HINCRBY', prefix .. 'counts', 'damaged', 1)
	end
	pcall('ZADD', prefix .. 'damaged', (clock()), what)
	pcall('ZREMRANGEBYRANK', prefix .. 'damaged', 0, -101)
end

-- Where a damaged key of a chat goes.  The word stands in front: what a chat's
-- key ends in may be the name of another chat.
local function aside_of(key)
	local prefix = prefix_of(key)
	return prefix .. 'damaged:' .. string.sub(key, #prefix + 1)
end

-- A key of a chat that has another type than ours: out of the way.
local function aside(key)
	local to = aside_of(key)
	call('RENAME', key, to)
	note(key, to)
end

-- One of those that want to be woken is taken out and told; who does not hear
-- it is gone.  A hint: what nobody hears is found by the look of each second.
local function wake_one(free)
	local kind = string.match(free, ':free:(%w+)$') or ''
	for _ = 1, 4 do
		local id = pcall('SPOP', free)
		if type(id) ~= 'string' then return end
		local n = pcall('SPUBLISH', prefix_of(free) .. 'wake:' .. id, kind)
		if type(n) ~= 'number' or n > 0 then return end
	end
end

-- Fields of a chat's record by their names, those that are there; none if it
-- is something else.
local function record(chat, ...)
	local values, names, c = try('HMGET', chat, ...), {...}, {}
	if not values then return c, false end
	for i = 1, #names do
		local v = values[i]
		if v then c[names[i]] = v end
	end
	return c, true
end

-- How many messages the chat was ever sent and how many ended: the inbox holds
-- the difference, ${len}.  Where one is damaged the other says it.
local function both_counts(inbox, seq, turns, len)
	local s, t = num(seq, nil), num(turns, 0)
	if s and t then return s, t end
	if s then return s, math.max(0, s - len) end
	if turns and t then return t + len, t end
	if len > 0 then
		s = num(string.match(call('LINDEX', inbox, -1), '^%S+ (%d+) '))
	end
	s = math.max(s or 0, len)
	return s, s - len
end

-- The inbox loses what we cannot read; ${len} messages stay.  Those that are
-- gone count as dead, so that all are accounted for.  10,000: the longest
-- inbox there may be; beyond it the numbers are damaged, too.
local function settle(chat, counts, seq, turns, len)
	local lost = seq - turns - len
	if lost > 10000 then
		lost, turns = 0, seq - len
	elseif lost > 0 then
		pcall('HINCRBY', counts, 'dead', lost)
		turns = turns + lost
	end
	call('HSET', chat, 'seq', seq, 'turns', turns)
	return lost
end

-- A letter for messages of which nothing is left.
local function mourn(dead, name, lost, why)
	pcall('XADD', dead, 'MAXLEN', '~', '10000', '*', 'chat', name, 'why', why,
		'attempts', '0', 'time', (clock()), 'lost', lost, 'entry', '')
end

-- The journal has a step of this version now: who does not read it must leave
-- the chat alone (take).  ${had}: what the record says.
local function mark_version(chat, had, version)
	if tonumber(version) > (num(had, 1) or 1) then
		call('HSET', chat, 'v', version)
	end
end
