# shellcheck shell=bash
# --upgrade: the next generation of workers, with no pause.
# shellcheck disable=SC2154 # here, state, ...: deploy/quickstart

# Not comm: kernels before 6.14 name a program after the descriptor by which
# it was started.
name_of() { # PID
	local program=''
	IFS= read -rd '' program 2>/dev/null <"/proc/$1/cmdline" || true
	echo "${program##*/}"
}

workers_of() { # SUPERVISOR
	local pid pids
	read -ra pids <"/proc/$1/task/$1/children" || true
	for pid in "${pids[@]}"; do
		case $(name_of "$pid") in
		dragoman-edge | dragoman-turn) echo "$pid" ;;
		esac
	done
}

# What the new programs say of the configuration in force.
check_state() {
	local name
	for name in $(setting_names); do
		unset "$name"
	done
	# shellcheck source=/dev/null
	. "$state/environment"
	cd "$state" && as_worker "$build/dragoman" config check
}

# The supervisor's log says "edge 1: NEW follows OLD" when NEW serves.
is_followed() { # PID
	[ ! -e "/proc/$1" ] ||
		grep -q " follows $1\$" "$state/supervisor/log"
}

# Those of the given that nobody follows yet.
remaining() {
	local pid
	for pid in "$@"; do
		is_followed "$pid" || echo "$pid"
	done
}

may_upgrade() { # SUPERVISOR
	local caught findings
	[ "$(stat -c %u "/proc/$1")" = "$(id -u)" ] ||
		fail 1 "it runs as $(stat -c %U "/proc/$1"): upgrade it as that" \
			"user"
	findings=$(check_state 2>&1) || {
		say "$findings"
		fail 2 "the configuration is wrong. Nothing was changed." \
			"Correct the lines above, then upgrade again"
	}
	caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status")
	(((16#$caught >> 11) & 1)) || # SIGUSR2, which would end it
		fail 1 "the supervisor is of a version that cannot change" \
			"workers: use --restart"
}

not_followed() { # PID...: who goes on
	local pid
	for pid in "$@"; do
		say "$(name_of "$pid") $pid goes on: the next one does not serve"
	done
	fail 1 "not all workers could be changed:" \
		"$(last_error || echo 'the next ones do not answer')." \
		"The supervisor goes on trying"
}

# Each former worker is told to end when another one serves in its place.
change_workers() { # SUPERVISOR UNTIL PID...
	local until_s=$2 left
	kill -USR2 "$1" || fail 1 "supervisor $1 could not be told"
	shift 2
	say "starting the next workers"
	while mapfile -t left < <(remaining "$@") && [ ${#left[@]} -gt 0 ]; do
		supervisor_pid >/dev/null ||
			fail 1 "the supervisor has ended; was it stopped?"
		[ $SECONDS -lt "$until_s" ] || not_followed "${left[@]}"
		sleep 0.1
	done
}

wait_for_ends() { # PID...
	local pid
	for pid in "$@"; do
		while [ -e "/proc/$pid" ] && supervisor_pid >/dev/null; do
			sleep 0.1
		done
	done
}

upgrade() {
	local supervisor former left until_s
	lock_state
	supervisor=$(supervisor_pid) || fail 3 "not running: $state"
	may_upgrade "$supervisor"
	until_s=$((SECONDS + wait_s))
	mapfile -t former < <(workers_of "$supervisor")
	[ ${#former[@]} -gt 0 ] ||
		fail 1 "supervisor $supervisor runs no workers now:" \
			"$(last_error || echo "see $state/supervisor/log")"
	mapfile -t left < <(remaining "${former[@]}")
	# What an upgrade that was broken off left must end first.
	[ ${#left[@]} = ${#former[@]} ] ||
		until_s=$((until_s + $(stop_seconds)))
	mark_errors
	change_workers "$supervisor" $until_s "${former[@]}"
	say "they serve; the former end what they have begun"
	wait_for_ends "${former[@]}"
	until [ $SECONDS -ge $until_s ] || ask /ready 1 >/dev/null || is_paused ||
		! supervisor_pid >/dev/null; do
		sleep 0.1
	done
	ask /ready >/dev/null || is_paused ||
		fail 1 "the workers were changed, but no message can be" \
			"answered: $(why_not)"
	say "Dragoman runs: http://$(state_address) ($("$build/dragoman" version | head -n 1))"
	say "Environment, supervisor, nginx and Redis are as they were: --restart changes those."
	! is_paused || say "Turns are paused: $again --exec -- dragoman resume lets them go on."
	exit 0
}
