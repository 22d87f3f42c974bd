#!lua flags=allow-oom
-- uses: task
-- KEYS task open due     ARGV token name id state result
local token, name, id, state, result = unpack(ARGV)
local c = record(KEYS[1], 'token', 'done')
if c.token ~= token then
	-- A repeat whose first answer got lost on the way is no loss.
	if c.done == token then return {OK} end
	return {LOST}
end
call('HSET', KEYS[1], 'done', token)
end_task(KEYS[1], KEYS[2], KEYS[3], name, id, state, result)
return {OK}
