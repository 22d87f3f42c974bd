-- What became of message id: its answer, its place in the inbox, or nothing.
-- An address that asks from elsewhere is woken too when it ends.
local function known(id, address, chat, inbox, reply, wait)
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
				call('HSET', chat, 'waits', '1')
			end
			return {EXISTS, tonumber(seq), mac, same}
		end
	end
	return nil
end
