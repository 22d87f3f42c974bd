#!lua flags=allow-oom
-- How it is with a task.  ${spare} ms of ${burst} are spent by each look: who
-- looks more often is told to wait.  0: looks are free.
-- KEYS task     ARGV spare burst whole
-- whole: '0': without its result, which may be long
local spare, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local c, ours = record(KEYS[1], 'state', 'created', 'updated', 'ends', 'looks',
	'said', 'asks', 'answers', 'round', 'result')
if not ours or not c.state then return {NONE} end
if spare > 0 then
	local now = clock()
	local at = math.max(now, math.min(num(c.looks, 0) or 0, now + burst))
	if at + spare > now + burst then
		return {LIMITED, at + spare - now - burst}
	end
	call('HSET', KEYS[1], 'looks', at + spare)
end
local out = {}
for _, field in ipairs({'created', 'updated', 'ends', 'round'}) do
	out[#out + 1] = field
	out[#out + 1] = num(c[field], 0) or 0
end
for _, field in ipairs({'state', 'said', 'asks', 'answers', 'result'}) do
	if c[field] and (field ~= 'result' or ARGV[3] ~= '0') then
		out[#out + 1] = field
		out[#out + 1] = c[field]
	end
end
return {OK, out}
