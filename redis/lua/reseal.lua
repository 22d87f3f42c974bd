#!lua flags=allow-oom
-- Compare and set of one value, whatever holds it.  The old one is told by its
-- length and its head, in which the seal's random nonce is, so that one as
-- large as a command may be can be replaced.
-- KEYS key     ARGV type field len head new
local kind, field, new = ARGV[1], ARGV[2], ARGV[5]
local function is_old(v)
	return v and #v == tonumber(ARGV[3]) and string.sub(v, 1, #ARGV[4]) == ARGV[4]
end
if kind == 'list' then
	-- It stood at ${field}; since then others may have left in front.
	for i = math.min(tonumber(field), 10000), 0, -1 do
		if is_old(try('LINDEX', KEYS[1], i)) then
			call('LSET', KEYS[1], i, new)
			return {OK}
		end
	end
	return {NONE}
elseif kind == 'hash' then
	if not is_old(try('HGET', KEYS[1], field)) then return {NONE} end
	call('HSET', KEYS[1], field, new)
elseif kind == 'string' then
	if not is_old(try('GET', KEYS[1])) then return {NONE} end
	call('SET', KEYS[1], new, 'KEEPTTL')
elseif kind == 'stream' then
	-- A stream cannot be changed in place: added anew, then deleted.
	local e = (try('XRANGE', KEYS[1], field, field) or {})[1]
	if not e then return {NONE} end
	local f = e[2]
	for i = 1, #f, 2 do
		if f[i] == 'entry' then
			if not is_old(f[i + 1]) then return {NONE} end
			f[i + 1] = new
		end
	end
	call('XADD', KEYS[1], '*', unpack(f))
	call('XDEL', KEYS[1], field)
end
return {OK}
