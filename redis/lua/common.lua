-- Joined in front of every script.  Codes are those of enum store_rc.
local call = redis.call
local OK, NONE, EXISTS, ANSWERED, GONE = 0, 1, 2, 3, 5
local FULL, LIMITED, LOST, LATE, HEAD = 6, 7, 8, 9, 10

-- The journal has a step of this version now: who does not read it must leave
-- the chat alone (take).  ${had}: what the record says.
local function mark_version(chat, had, version)
	if tonumber(version) > tonumber(had or 1) then
		call('HSET', chat, 'v', version)
	end
end

-- Redis's own time: microseconds, and whole milliseconds.
local function clock()
	local t = call('TIME')
	local us = t[1] * 1000000 + t[2]
	return math.floor(us / 1000), us
end
