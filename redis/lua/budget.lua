#!lua flags=allow-oom
-- KEYS spent     ARGV tokens limit
local spent, limit = tonumber(call('GET', KEYS[1]) or 0), tonumber(ARGV[2])
if limit > 0 and spent + ARGV[1] > limit then return {LIMITED} end
spent = math.max(0, spent + ARGV[1])
call('SET', KEYS[1], string.format('%.0f', spent), 'EX', 172800)
return {OK}
