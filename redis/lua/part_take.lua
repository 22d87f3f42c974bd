-- What every kind's take has: which jobs are looked at, which are left alone, and
-- what is said of the rest.  How a job is read is its kind's own.
-- KEYS due free, of the kind; paused counts dead chats, of the partition
-- ARGV prefix token lease n version look id
-- id: who has looked and has room left wants to be woken again; '': not.
-- Answers code, time, when the first job is due (where look says so, and where
-- none was taken), 1 if there was no room for more, jobs.
local due, free = KEYS[1], KEYS[2]
local prefix, front, lease, n, version, look, id = unpack(ARGV)
local now = clock()
local out = {NONE, now, 0, 0}
local taken, more = 0, false
n = tonumber(n)

local function enlist()
	if id ~= '' then pcall('SADD', free, id) end
end

-- nil: there is no queue, and out says so.
local function due_names()
	if try('ZCARD', due) == nil then
		enlist()
		out[1] = DAMAGED
		return nil
	end
	local names = call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, n + 8)
	if #names == 0 then
		-- More than an hour ahead: nobody asks for that; a clock went back.
		local last = call('ZRANGE', due, -1, -1, 'WITHSCORES')
		if last[2] and tonumber(last[2]) > now + 3600000 then
			names = {last[1]}
		end
	end
	return names
end

local function is_full()
	if taken == n then more = true end
	return more
end

local function next_token()
	taken = taken + 1
	return front .. string.format('%04x', taken)
end

local function hand_out(job)
	out[4 + taken] = job
end

-- Its holders died: it waits longer each time.
local function put_off(record_key, crashes, name)
	local jitter = 0.75 + (now % 1000) / 2000
	call('HDEL', record_key, 'token', 'taken')
	call('HSET', record_key, 'crashes', crashes)
	call('ZADD', due, math.floor(now +
		math.min(2 ^ crashes, 64) * 1000 * jitter), name)
end

-- It comes again in a second; of many, only some a second, or to look at them
-- would be all that is done, and chats would wait behind them.  Spread, or all
-- would come at once again.
local LOOKS, LONGEST = 50, 60 -- a second; seconds
local delay
local function leave(name)
	if not delay then
		delay = math.min(try('ZCARD', due) / LOOKS, LONGEST) * 1000
	end
	local later = delay
	if delay > 1000 then
		local part = tonumber(string.sub(redis.sha1hex(name), 1, 4), 16)
		later = delay * (0.5 + part / 65536)
	end
	call('ZADD', due, math.floor(now + math.max(later, 1000)), name)
end

local function the_rest(names)
	if taken > 0 then out[1] = OK end
	local left = more
	if not more and #names > taken then -- put off, or its next message is due
		local first = call('ZRANGE', due, 0, 0, 'WITHSCORES')
		left = first[2] and tonumber(first[2]) <= now
	end
	if taken < n and not left then
		enlist()
	else
		out[4] = 1
	end
	if more then wake_one(free) end -- who may have room for the rest
	if more then
		out[3] = now
	elseif taken == 0 or look == '1' then
		local first = call('ZRANGE', due, 0, 0, 'WITHSCORES')
		if first[2] then
			out[3] = math.max(-1e15, math.min(1e15, tonumber(first[2])))
		end
	end
	return out
end
