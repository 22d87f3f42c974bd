-- What is left of a limit of part_limited.lua, and the milliseconds until it is
-- more.

local function is_past(key, i, now)
	return (num(call('LINDEX', key, i), 0) or 0) + MINUTE < now
end

-- How many of the list's ${len} times, more than one, are more than a minute
-- ago: they stand in front.  Mostly few, so that looking begins there.
local function past(key, len, now)
	local low, high, step = 1, 1, 1
	while high < len and is_past(key, high, now) do
		low = high + 1
		high = high + step
		step = step * 2
	end
	high = math.min(high, len)
	while low < high do
		local mid = math.floor((low + high) / 2)
		if is_past(key, mid, now) then low = mid + 1 else high = mid end
	end
	return low
end

local function limit_left(key, n, now, us)
	if n <= 0 then return 0, 0 end
	if n > 1000 then
		local tat = smooth_time(key, us)
		return math.floor((us + BURST - tat) * n / (MINUTE * 1000)),
			math.ceil((tat - us) / 1000)
	end
	local len = call('LLEN', key)
	if len == 0 then return n, 0 end
	local first = num(call('LINDEX', key, 0), 0) or 0
	if first + MINUTE < now then
		local old = past(key, len, now)
		call('LTRIM', key, old, -1)
		len = len - old
		if len == 0 then return n, 0 end
		first = num(call('LINDEX', key, 0), 0) or now
	end
	return math.max(0, n - len),
		math.max(1, math.min(first, now) + MINUTE + 1 - now)
end
