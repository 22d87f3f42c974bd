#!lua flags=allow-oom
-- Compare and set of one value, whatever holds it.
-- KEYS key     ARGV type field old new
local kind, old, new = ARGV[1], ARGV[3], ARGV[4]
if kind == 'list' then
	local at = call('LPOS', KEYS[1], old)
	if not at then return {NONE} end
	call('LSET', KEYS[1], at, new)
elseif kind == 'hash' then
	if call('HGET', KEYS[1], ARGV[2]) ~= old then return {NONE} end
	call('HSET', KEYS[1], ARGV[2], new)
elseif kind == 'string' then
	if call('GET', KEYS[1]) ~= old then return {NONE} end
	call('SET', KEYS[1], new, 'KEEPTTL')
elseif kind == 'stream' then
	-- A stream cannot be changed in place: added anew, then deleted.
	local e = call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
	if not e then return {NONE} end
	local f = e[2]
	for i = 1, #f, 2 do
		if f[i] == 'entry' then
			if f[i + 1] ~= old then return {NONE} end
			f[i + 1] = new
		end
	end
	call('XADD', KEYS[1], '*', unpack(f))
	call('XDEL', KEYS[1], ARGV[2])
end
return {OK}
