-- A task's record, and its end, however it comes.
local OVER = {completed = true, failed = true, cancelled = true}
-- What only its work needs, and goes when it is over.
local WORKED = {'token', 'taken', 'attempt', 'started', 'stop', 'crashes',
	'failures', 'v', 'call', 'address', 'begun', 'said', 'asks', 'answers',
	'round'}

-- ${result}: sealed, '' none.  Who waits for it looks at the record.
local function end_task(task, open, due, name, id, address, state, result)
	call('HDEL', task, unpack(WORKED))
	call('HSET', task, 'state', state, 'updated', (clock()))
	if result ~= '' then call('HSET', task, 'result', result) end
	pcall('ZREM', due, name)
	pcall('ZREM', open, id)
	local process, number = string.match(address or '', '^([^.]+)%.(%d+)$')
	if process then
		call('PUBLISH', string.match(task, '^[^{]*') .. 'process:' ..
			process, number .. ' task\n')
	end
end
