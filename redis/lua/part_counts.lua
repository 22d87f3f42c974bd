-- How a message ended, or that one was accepted.  A damaged hash counts
-- nothing until it is deleted; then it begins with what waits: that was
-- accepted, and has not ended.
local ENDS = {'replied', 'unconfirmed', 'refused', 'expired', 'dead'}
local function counted(counts, due, field, inboxes)
	if pcall('HINCRBY', counts, field, 1) ~= 1 then return end
	if field ~= 'accepted' and call('HEXISTS', counts, 'accepted') == 1 then
		return
	end
	local names = try('ZRANGE', due, 0, 9999) or {}
	local all = 0
	for _, name in ipairs(names) do
		all = all + (try('LLEN', inboxes .. name) or 0)
	end
	for _, n in ipairs(call('HMGET', counts, unpack(ENDS))) do
		all = all + (num(n, 0) or 0)
	end
	call('HSET', counts, 'accepted', math.max(1, all))
end
