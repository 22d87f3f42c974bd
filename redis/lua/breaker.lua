#!lua flags=allow-oom
-- A failure.  When it opens, one failure is left to the threshold: the first
-- one after it closes by time opens it again.  What is no number is as none.
-- KEYS breaker     ARGV threshold window open kind
local now = clock()
local c, ours = record(KEYS[1], 'fails', 'since', 'until')
if not ours then return {DAMAGED} end
local fails, since = num(c.fails, 0) or 0, num(c.since, now) or now
local threshold, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local open, till = tonumber(ARGV[3]), num(c['until'], 0) or 0
-- Further ahead than ever set: the clock went back.
if now < till and till <= now + open then return {OK, till} end
if now - since > window + (till > 0 and open or 0) then
	fails, since = 0, now
end
fails = fails + 1
if fails >= threshold then
	fails, since, till = threshold - 1, now, now + open
else
	till = 0
end
call('HSET', KEYS[1], 'fails', fails, 'since', since, 'until', till, 'kind',
	ARGV[4])
call('PEXPIRE', KEYS[1], window + open)
return {OK, till}
