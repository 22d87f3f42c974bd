-- What became of message id: its answer, its place in the inbox, or nothing.
-- An address that asks from elsewhere is woken too when it ends; 256 at
-- most wait for one message.
local function known(id, address, chat, inbox, reply, wait)
	local answer = try('GET', reply)
	if answer == nil then aside(reply) end
	if answer then return {ANSWERED, answer} end
	local len = try('LLEN', inbox)
	if not len then return nil end -- take sets it aside
	local head = id .. ' '
	for i = 0, math.min(len, 10000) - 1 do
		local e = call('LINDEX', inbox, i)
		if string.sub(e, 1, #head) == head then
			local seq, first, mac =
				string.match(e, '^%S+ (%d+) %d+ %S+ (%S+) (%S+)\n')
			local same = 0
			if not first or address == '-' then
				same = 0
			elseif address == first then
				same = 1
			else
				local n = try('SCARD', wait)
				if n == nil then
					aside(wait)
					n = 0
				end
				if n >= 256 and call('SISMEMBER', wait, address) == 0 then
					return {CROWDED}
				end
				call('SADD', wait, address)
				call('EXPIRE', wait, 600)
				local _, ours = record(chat, 'waits')
				if ours then call('HSET', chat, 'waits', '1') end
			end
			return {EXISTS, num(seq, 0) or 0, mac, same}
		end
	end
	return nil
end
