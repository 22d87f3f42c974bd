#!lua flags=allow-oom
-- uses: task
-- Somebody wants it no more.  Answers 1 where a worker holds it, who must be
-- told; 2 where it has ended so; 0: it was over.
-- KEYS task open due     ARGV name id
local c, ours = record(KEYS[1], 'state', 'token')
if not ours or not c.state then return {NONE} end
if OVER[c.state] then return {OK, 0} end
if c.token then
	call('HSET', KEYS[1], 'stop', '1')
	return {OK, 1}
end
end_task(KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2], 'cancelled', '')
return {OK, 2}
