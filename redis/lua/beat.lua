#!lua flags=allow-oom
-- KEYS workers worker     ARGV id record live
local now = clock()
call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
call('ZADD', KEYS[1], now, ARGV[1])
call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])
return {OK}
