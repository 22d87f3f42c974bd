#!lua flags=allow-oom
-- A failure.  When it opens, one failure is left to the threshold: the first
-- one after it closes by time opens it again.
-- KEYS breaker     ARGV threshold window open
local now = clock()
local c = call('HMGET', KEYS[1], 'fails', 'since', 'until')
local fails, since = tonumber(c[1] or 0), tonumber(c[2] or now)
local threshold, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local open, till = tonumber(ARGV[3]), tonumber(c[3] or 0)
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
call('HSET', KEYS[1], 'fails', fails, 'since', since, 'until', till)
call('PEXPIRE', KEYS[1], window + open)
return {OK, till}
