#!lua flags=allow-oom
-- ${address} is told when it changes: the last ${max} that asked for that.
-- KEYS task     ARGV address max
local address, max = ARGV[1], tonumber(ARGV[2])
local c, ours = record(KEYS[1], 'state', 'ears')
if not ours or not c.state then return {NONE} end
local ears, n = address, 1
for other in string.gmatch(c.ears or '', '%S+') do
	if other ~= address and n < max then
		ears, n = ears .. ' ' .. other, n + 1
	end
end
if c.state ~= 'completed' and c.state ~= 'failed' and c.state ~= 'cancelled' then
	call('HSET', KEYS[1], 'ears', ears)
end
return {OK}
