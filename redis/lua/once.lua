#!lua
-- What is to be done once is begun, or was: its record says which.
-- KEYS record     ARGV doc token run_ms keep_ms address
-- Answers a state and the record's doc.  address '': who asks does not wait.
local BEGUN, RUNS, ENDED, LOST, BROKEN = 0, 1, 2, 3, 4
local now = clock()
local c, ours = record(KEYS[1], 'doc', 'token', 'until', 'wait')
if not ours then return {BROKEN} end
if not c.doc then
	call('DEL', KEYS[1])
	call('HSET', KEYS[1], 'doc', ARGV[1], 'token', ARGV[2],
		'until', now + ARGV[3])
	call('PEXPIRE', KEYS[1], ARGV[4])
	return {BEGUN}
end
if not c.token then return {ENDED, c.doc} end
if c.token == ARGV[2] then return {BEGUN} end
if (num(c['until'], 0) or 0) < now then return {LOST, c.doc} end
local wait = c.wait or ''
-- Who finds no room looks again by itself.
if ARGV[5] ~= '' and #wait < 8192 then
	call('HSET', KEYS[1], 'wait', wait .. ARGV[5] .. ' ')
end
return {RUNS, c.doc}
