# shellcheck shell=bash
# Starting, telling why it failed, and what to do with what runs.
# shellcheck disable=SC2154 # here, state, ...: deploy/quickstart

read_wait() {
	wait_s=${QUICKSTART_WAIT:-60}
	[[ $wait_s =~ ^0*[1-9][0-9]{0,5}$ ]] ||
		fail 2 "QUICKSTART_WAIT: expected a whole number of seconds from" \
			"1 to 999999, got \"$wait_s\""
	wait_s=$((10#$wait_s))
}

alive() { kill -0 $supervisor 2>/dev/null; }

# How long the files of standard error are now: what comes later counts.
declare -A errors_from=()
mark_errors() {
	local file
	for file in "$state"/supervisor/*.err; do
		[ ! -e "$file" ] || errors_from[$file]=$(stat -c %s "$file")
	done
}
new_errors() {
	local file
	for file in "$state"/supervisor/*.err; do
		tail -c "+$((${errors_from[$file]:-0} + 1))" "$file" 2>/dev/null ||
			true
	done
}

# The last error of them, in words: they are lines of JSON, time first.
last_error() {
	local line what why remedy
	line=$(new_errors | grep '"level":"error"' | sort | tail -n 1) || return 1
	what=$(json_text what <<<"$line")
	why=$(json_text why <<<"$line")
	what+=${what:+${why:+: }}$why
	[ -n "$what" ] || what=$(json_text event <<<"$line" | tr _ ' ')
	remedy=$(json_text remedy <<<"$line")
	printf '%s%s' "$what" "${remedy:+: $remedy}"
}

# Of Redis and nginx, which speak another way: the last line of who ended.
last_words() {
	local program line
	for program in redis nginx; do
		since_start | grep -q " $program .* ended: " || continue
		line=$(grep '[^[:space:]]' "$state/supervisor/$program.err" |
			tail -n 1 | sed 's/^[0-9]*:[A-Z] .* [#*-] //; s/.*\[emerg\] [0-9#]*: //')
		[ -z "$line" ] || {
			printf '%s' "$program ended: $line"
			return
		}
	done
	return 1
}

log_from=1
since_start() { # what the supervisor has said
	tail -c "+$log_from" "$state/supervisor/log" 2>/dev/null || true
}

# A worker that refuses its configuration does so again, however often it is
# started.
is_hopeless() {
	grep -qE '(turn|edge) [0-9]+ \([0-9]+\) ended: exit 2;|redis [0-9]+ \([0-9]+\) ended: exit 1;' \
		<(since_start)
}

why_not() {
	local why
	why=$(last_words) || why=$(last_error) || why=$(ask_ready | json_text why)
	[ $verbose = 0 ] || {
		say "What the programs said:"
		tail -n 5 "$state"/supervisor/*.err "$state/supervisor/log" \
			"$state/nginx/nginx.log" 2>/dev/null | plain >&2 || true
	}
	printf '%s' "${why:-no worker answered in $wait_s seconds}"
}

start() {
	local until_s from=$SECONDS
	log_from=$(($(stat -c %s "$state/supervisor/log" 2>/dev/null || echo 0) + 1))
	mark_errors
	setsid "$build/dragoman-supervise" "$state" </dev/null \
		>>"$state/supervisor/log" 2>&1 8>&- &
	supervisor=$!
	trap 'stop_started 130' INT
	trap 'stop_started 143' TERM
	trap 'stop_started 129' HUP
	# After a kill -9 the workers of the former run may take server.drain to
	# end.
	until_s=$((SECONDS + wait_s))
	while [ $SECONDS -lt $until_s ]; do
		ask /ready 1 >/dev/null && break
		alive || break
		! is_hopeless || start_failed # who would answer is not there
		! is_paused || break
		sleep 0.1
	done
	paused=
	if ask /ready >/dev/null; then
		say "$tick starting ($((SECONDS - from)) s)"
	elif alive && is_paused; then
		paused=1
	else
		start_failed
	fi
	trap - INT TERM HUP
}

stop_started() { # CODE
	set +e # the terminal may be gone
	trap '' INT TERM HUP
	say "interrupted while starting; stopping what was started"
	rm -f -- "$state/given.new"
	kill $supervisor 2>/dev/null
	wait $supervisor 2>/dev/null
	exit "$1"
}

# A --restart stopped what ran, and what was to follow does not start.  It is
# tried once: QUICKSTART_BACK.
go_back() { # WHY
	local as=()
	[ "$worker" = - ] || as=(--user "$former_worker")
	[ -z "${QUICKSTART_BACK-}" ] || return 0
	say "could not be started: $1"
	say "starting again with the settings of the last start that succeeded"
	exec 8>&-
	(
		for name in $(setting_names) $env_names; do unset "$name"; done
		export QUICKSTART_BACK=1
		exec "$here/deploy/quickstart" --state "$state" --restart \
			--detach "${as[@]}"
	) || fail 1 "neither the new settings could be started nor those of the" \
		"last start: the lines above say why"
	fail 1 "the new settings could not be started: $1. Dragoman runs with" \
		"the settings of the last start that succeeded"
}

start_failed() {
	local why
	why=$(in_users_words "$(why_not)")
	why+=$(key_remedy "$why")
	kill $supervisor 2>/dev/null || true
	wait $supervisor 2>/dev/null || true
	if [ -e "$state/given" ] && ! cmp -s "$state/given" "$state/given.new"; then
		rm -f -- "$state/given.new"
		[ -z "$ran" ] || go_back "$why"
		why+=". With the settings of the last start that succeeded: $again --restart"
	fi
	rm -f -- "$state/given.new"
	fail 1 "could not be started: $why. All log lines: $again --logs"
}

# The line works as it is pasted, whoever brought the secret.  What curl has
# among its arguments everybody on the machine can read; printf is the shell's.
secret_header() {
	local header
	[ "$(value_of chat.open)" != true ] || return 0
	if [ "${PROXY_SECRET_FILE-}" = secrets/proxy_secret ]; then
		header="cat $(printf '%q' "$state/secrets/proxy_secret")"
	elif [ -n "${PROXY_SECRET-}" ]; then
		header="$again --exec -- printenv PROXY_SECRET | cut -d, -f1"
	elif [ -n "${PROXY_SECRET_FILE-}" ]; then
		header=$PROXY_SECRET_FILE
		[[ $header == /* ]] || header=$state/$header
		header="cut -d, -f1 $(printf '%q' "$header")"
	else
		header="echo YOUR_PROXY_SECRET"
	fi
	printf %s "printf '%s\\n' \"X-Proxy-Secret: \$($header)\" | "
}

opens_chat() { [ "$mode" = chat ] && [ -t 0 ] && [ -t 1 ]; }

# A mistyped key is better told now than by the first answer.  Which model it
# is, or none, a chat says itself.
tell_model() {
	local backend how=$again found
	backend=$(ask /health | json_text backend) || true
	if [ "$backend" = direct ]; then
		[ "$mode" != detach ] || how+=' --restart'
		opens_chat || say "No language model is set, so a message is a command."
		say "To have a model answer, start it with one of:"
		say "  OPENAI_API_KEY=sk-... $how"
		say "  LLM_BASE_URL=http://HOST:PORT/v1 $how"
		return
	fi
	[ -z "$backend" ] || opens_chat || say "Model: $backend"
	found=$(
		load_state_env
		"$build/dragoman" doctor 2>/dev/null |
			grep -A 1 -E '^(error|warning) +model '
	) || true
	[ -z "$found" ] || say "$found"
	[[ $found == *error* ]] || return 0
	# The edge learns of it a few seconds later: --status says the same then.
	for _ in {1..50}; do
		! ask_ready | grep -q '"degraded":\["' || return 0
		sleep 0.1
	done
}

tell_started() {
	local url=http://$shown:$port header
	say "Dragoman runs: $url ($("$build/dragoman" version | head -n 1))"
	header=$(secret_header)
	say "  ${header}curl -s $url/chat${header:+ -H @-} -H 'Content-Type: application/json' \\"
	say "    -d '{\"chat_id\":\"me\",\"message\":\"help\"}'"
	tell_listen
	tell_users
	if [ -n "$paused" ]; then
		say "Turns are paused: messages wait until $again --exec -- dragoman resume"
	fi
	tell_former
	tell_model
}

# A start that is given nothing new goes on with what the last one was given.
tell_former() {
	[ -z "$went_on" ] || say "Settings of the last start are used again:$went_on."
	[ -z "$dropped" ] ||
		say "Settings of the last start that are not used now:$dropped." \
			"To use a setting at each start, write it into $here/.env."
}

finish() {
	set +e # the terminal may be gone, and with it the way to say so
	trap - EXIT
	trap '' INT TERM HUP
	say "stopping (with --detach it keeps running)"
	kill $supervisor 2>/dev/null || true
	wait $supervisor 2>/dev/null || true
}

# In this terminal, until somebody ends it.
stay() {
	trap finish EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	if opens_chat; then
		say "Press Ctrl-D to leave the chat; this stops everything."
		chat
	else
		say "Ctrl-C ends it, and so does: $again --stop"
		wait $supervisor || true
	fi
}
