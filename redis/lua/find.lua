#!lua flags=allow-oom
-- KEYS inbox seen reply wait     ARGV id address
local r = known(ARGV[1], ARGV[2], KEYS[1], KEYS[3], KEYS[4])
if r then return r end
if call('ZSCORE', KEYS[2], ARGV[1]) then return {GONE} end
return {NONE}
