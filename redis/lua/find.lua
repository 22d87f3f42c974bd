#!lua flags=allow-oom
-- uses: known
-- KEYS chat inbox seen reply wait     ARGV id address
local r = known(ARGV[1], ARGV[2], KEYS[1], KEYS[2], KEYS[4], KEYS[5])
if r then return r end
if try('ZSCORE', KEYS[3], ARGV[1]) then return {GONE} end
return {NONE}
