-- What is left of a limit of part_limited.lua, and the milliseconds until it is
-- more.

-- How many of the list's ${len} times are more than a minute ago: they stand in
-- front.  Mostly none or few, so that looking begins there.
local function past(key, len, now)
	local low, high, step = 0, 0, 1
	while high < len and
		(num(call('LINDEX', key, high), 0) or 0) + MINUTE < now do
		low = high + 1
		high = high + step
		step = step * 2
	end
	high = math.min(high, len)
	while low < high do
		local mid = math.floor((low + high) / 2)
		if (num(call('LINDEX', key, mid), 0) or 0) + MINUTE < now then
			low = mid + 1
		else
			high = mid
		end
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
	local old = past(key, len, now)
	if old > 0 then call('LTRIM', key, old, -1) end
	if old == len then return n, 0 end
	local first = num(call('LINDEX', key, 0), 0) or now
	return math.max(0, n - len + old),
		math.max(1, math.min(first, now) + MINUTE + 1 - now)
end
