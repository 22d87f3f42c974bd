-- Never more than n in any minute: ${key} is a list of the times (ms) at which
-- the last n were let in.  The n-th last must be more than a minute ago.
local function exactly(key, n, now)
	local window = 60000
	local first = try('LINDEX', key, -n)
	local t = num(first, 0)
	if first == nil or not t then
		aside(key)
	elseif first then
		if t > now then -- a clock went back: those are as of now
			for i, v in ipairs(call('LRANGE', key, 0, -1)) do
				if (num(v, 0) or 0) > now then
					call('LSET', key, i - 1, now)
				end
			end
			t = now
		end
		if t + window >= now then return t + window + 1 - now end
	end
	if call('RPUSH', key, now) > n then call('LTRIM', key, -n, -1) end
	call('PEXPIRE', key, window + 1)
	return 0
end

-- GCRA: n a minute, a tenth of them at once.  A stored time that lies further
-- ahead than that (a clock went back, or an older release wrote it) is cut;
-- what is no time is as none.
local function smoothly(key, n, us)
	local step = 60000000 / n
	local burst = 6000000
	local stored = try('GET', key)
	if stored == nil then aside(key) end
	local tat = stored and string.find(stored, '^%d+%.?%d*$')
		and tonumber(stored) or 0
	if tat > us + burst then tat = us + burst end
	if tat < us then tat = us end
	local over = tat + step - (us + burst)
	if over > 0 then return math.max(1, math.ceil(over / 1000)) end
	tat = tat + step
	call('SET', key, string.format('%.3f', tat), 'PX',
		math.ceil((tat - us) / 1000) + 1)
	return 0
end

-- 0: let in, and counted; else milliseconds to wait.  ${key}: "window", above
-- 1,000 a minute "rate" (batch_limit_key); below, the list takes 10
-- bytes a message.
local function limited(key, per_minute, now, us)
	if per_minute <= 0 then return 0 end
	if per_minute <= 1000 then return exactly(key, per_minute, now) end
	return smoothly(key, per_minute, us)
end
