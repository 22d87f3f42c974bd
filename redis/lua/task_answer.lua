#!lua flags=allow-oom
-- uses: task
-- Answers to what it asks, unless somebody was faster.  All of them: it is due.
-- KEYS task due free     ARGV name round asks answers all
local name, round, asks, answers, all = unpack(ARGV)
local c = record(KEYS[1], 'state', 'round', 'ears')
if c.state ~= 'input_required' then return {NONE} end
if (num(c.round, 0) or 0) ~= tonumber(round) then return {LOST} end
local now = clock()
call('HSET', KEYS[1], 'asks', asks, 'answers', answers, 'round', round + 1,
	'updated', now)
if all == '1' then
	call('HSET', KEYS[1], 'state', 'working')
	pcall('ZADD', KEYS[2], now, name)
	wake_one(KEYS[3])
end
tell(KEYS[1], c.ears)
return {OK}
