-- GCRA over a minute.  0: let in, and counted; else milliseconds to wait.  A
-- stored time that lies ahead of the window (a clock went back) is cut to it;
-- what is no time is as none.
local function limited(key, per_minute, us)
	if per_minute <= 0 then return 0 end
	local window, step = 60000000, 60000000 / per_minute
	local stored = try('GET', key)
	if stored == nil then aside(key) end
	local tat = stored and string.find(stored, '^%d+%.?%d*$')
		and tonumber(stored) or 0
	if tat > us + window then tat = us + window end
	if tat < us then tat = us end
	local over = tat + step - (us + window)
	if over > 0 then return math.max(1, math.ceil(over / 1000)) end
	tat = tat + step
	call('SET', key, string.format('%.3f', tat), 'PX',
		math.ceil((tat - us) / 1000) + 1)
	return 0
end
