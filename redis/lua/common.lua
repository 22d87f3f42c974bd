-- Joined in front of every script.  Codes are those of enum store_rc.
local call = redis.call
local OK, NONE, EXISTS, ANSWERED, GONE = 0, 1, 2, 3, 5
local FULL, LIMITED, LOST, LATE, HEAD = 6, 7, 8, 9, 10

-- Redis's own time: microseconds, and whole milliseconds.
local function clock()
	local t = call('TIME')
	local us = t[1] * 1000000 + t[2]
	return math.floor(us / 1000), us
end

-- GCRA over a minute.  0: let in, and counted; else milliseconds to wait.  A
-- stored time that lies ahead of the window (a clock went back) is cut to it.
local function limited(key, per_minute, us)
	if per_minute <= 0 then return 0 end
	local window, step = 60000000, 60000000 / per_minute
	local tat = tonumber(call('GET', key) or 0)
	if tat > us + window then tat = us + window end
	if tat < us then tat = us end
	local over = tat + step - (us + window)
	if over > 0 then return math.max(1, math.ceil(over / 1000)) end
	tat = tat + step
	call('SET', key, string.format('%.3f', tat), 'PX',
		math.ceil((tat - us) / 1000) + 1)
	return 0
end

-- What became of message id: its answer, its place in the inbox, or nothing.
-- An address that asks from elsewhere is woken too when it ends.
local function known(id, address, inbox, reply, wait)
	local answer = call('GET', reply)
	if answer then return {ANSWERED, answer} end
	local head = id .. ' '
	for i = 0, call('LLEN', inbox) - 1 do
		local e = call('LINDEX', inbox, i)
		if string.sub(e, 1, #head) == head then
			local seq, first, mac =
				string.match(e, '^%S+ (%d+) %d+ %S+ (%S+) (%S+)\n')
			local same = 0
			if address == first and address ~= '-' then
				same = 1
			elseif address ~= '-' then
				call('SADD', wait, address)
				call('EXPIRE', wait, 600)
			end
			return {EXISTS, tonumber(seq), mac, same}
		end
	end
	return nil
end
