#!lua flags=allow-oom
-- uses: take task
-- As take.lua, of tasks: it learns their names inside.
-- KEYS, ARGV: see part_take.lua
local names = due_names()
if not names then return out end

local FIELDS = {'v', 'state', 'created', 'token', 'attempt', 'crashes',
	'failures', 'started', 'stop', 'call', 'address'}
local NUMBERS = {'attempt', 'crashes', 'failures', 'started', 'created'}
-- Sealed, as the journal of other jobs.
local STEPS = {'begun', 'said', 'asks', 'answers'}

local function steps(task)
	local values, journal = call('HMGET', task, unpack(STEPS)), {}
	for i, step in ipairs(STEPS) do
		if values[i] then
			journal[#journal + 1] = step
			journal[#journal + 1] = values[i]
		end
	end
	return journal
end

for _, name in ipairs(names) do
	if is_full() then break end
	local task = prefix .. 'task:' .. name
	local c, ours = record(task, unpack(FIELDS))
	local crashes = (num(c.crashes, 0) or 0) + (c.token and 1 or 0)
	if not ours then aside(task) end
	if not c.state or OVER[c.state] then -- its time came, or it ended
		call('ZREM', due, name)
	elseif c.state == 'input_required' then -- an answer makes it due
		call('ZREM', due, name)
	elseif (num(c.v, 1) or 1) > tonumber(version) then
		leave(name)
	elseif c.token and crashes > 1 and not c.stop then
		put_off(task, crashes, name)
	else
		for _, field in ipairs(NUMBERS) do
			if c[field] and not num(c[field], 0) then c[field] = nil end
		end
		local token = next_token()
		local attempt = (num(c.attempt, 0) or 0) + 1
		local started = c.started or now
		call('ZADD', due, now + lease, name)
		call('HSET', task, 'token', token, 'taken', now, 'attempt', attempt,
			'started', started)
		if crashes > 0 then call('HSET', task, 'crashes', crashes) end
		hand_out({'name', name, 'token', token, 'attempt', attempt,
			'crashes', crashes, 'failures', tonumber(c.failures or 0),
			'started', tonumber(started), 'stop', c.stop and 1 or 0,
			'state', c.state, 'created', tonumber(c.created or now),
			'call', c.call or '', 'address', c.address or '',
			'journal', steps(task)})
	end
end
return the_rest(names)
