-- A limit of ${n} a minute.  Up to 1,000 its ${key} is a list of the times (ms)
-- at which the last n were let in (10 bytes each): never more than n in any
-- minute, as the n-th last must be more than a minute ago.  Above, it is a
-- string: GCRA with a tenth of them at once, the time (us) until which that is
-- used up.  Two names, as a limit may change while one lives: "window", "rate".
-- What is asked first and taken then, in one script, counts what is let in
-- alone.
local MINUTE, BURST = 60000, 6000000

local function exact_wait(key, n, now)
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
		if t + MINUTE >= now then return t + MINUTE + 1 - now end
	end
	return 0
end

local function exact_take(key, n, now)
	if call('RPUSH', key, now) > n then call('LTRIM', key, -n, -1) end
	call('PEXPIRE', key, MINUTE + 1)
end

-- A stored time that lies further ahead than the burst (a clock went back, or
-- an older release wrote it) is cut; what is no time is as none.
local function smooth_time(key, us)
	local stored = try('GET', key)
	if stored == nil then aside(key) end
	local tat = stored and string.find(stored, '^%d+%.?%d*$')
		and tonumber(stored) or 0
	return math.max(us, math.min(tat, us + BURST))
end

local function smooth_wait(tat, n, us)
	local over = tat + MINUTE * 1000 / n - (us + BURST)
	return over > 0 and math.max(1, math.ceil(over / 1000)) or 0
end

local function smooth_take(key, tat, n, us)
	tat = tat + MINUTE * 1000 / n
	call('SET', key, string.format('%.3f', tat), 'PX',
		math.ceil((tat - us) / 1000) + 1)
end

-- Milliseconds to wait, 0: there is room; and what limit_take is to be told.
local function limit_wait(key, n, now, us)
	if n <= 0 then return 0 end
	if n <= 1000 then return exact_wait(key, n, now) end
	local tat = smooth_time(key, us)
	return smooth_wait(tat, n, us), tat
end

local function limit_take(key, n, now, us, tat)
	if n <= 0 then return end
	if n <= 1000 then return exact_take(key, n, now) end
	smooth_take(key, tat, n, us)
end

-- 0: let in, and counted; else milliseconds to wait.
local function limited(key, n, now, us)
	local wait, tat = limit_wait(key, n, now, us)
	if wait == 0 then limit_take(key, n, now, us, tat) end
	return wait
end
