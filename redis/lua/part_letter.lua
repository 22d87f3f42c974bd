-- The head of an inbox that nobody can read, or that is to be read no more,
-- as a dead letter.  Where letters cannot be kept it stays, and false.  Of a
-- chat that cannot be, nothing was ever accepted.
local function bury(chat, inbox, dead, counts, name, why, c_seq, c_turns, ours)
	if try('XLEN', dead) == nil then return false end
	local len = call('LLEN', inbox)
	local seq, turns = both_counts(inbox, c_seq, c_turns, len)
	local first = call('LPOP', inbox)
	-- More than 1 MiB without a header is not worth its place.
	if first and not string.find(string.sub(first, 1, 192), '\n', 1, true)
		then first = string.sub(first, 1, 1048576) end
	call('XADD', dead, 'MAXLEN', '~', '10000', '*', 'chat', name, 'why', why,
		'attempts', '0', 'time', (clock()), 'entry', first or '')
	if ours then settle(chat, counts, seq, turns, math.max(0, len - 1)) end
	return true
end
