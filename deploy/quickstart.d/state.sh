# shellcheck shell=bash
# The state: the folder, what runs in it, and what it says.
# shellcheck disable=SC2154 # here, state, ...: deploy/quickstart

# What we make in it, and --remove deletes.
STATE_PARTS=(address config edge.sock environment given given.new log nginx processes
	redis redis_prefix secrets supervisor supervisor.pid user .dragoman)

supervisor_pid() {
	local pid=''
	read -r pid 2>/dev/null <"$state/supervisor.pid" || return 1
	[[ $pid =~ ^[0-9]+$ ]] &&
		[ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = \
			"$(realpath -- "$state")" ] &&
		[[ $(cat "/proc/$pid/comm" 2>/dev/null) == dragoman-superv* ]] ||
		return 1
	echo "$pid"
}

state_address() { cat "$state/address" 2>/dev/null || true; }

ask() { # PATH [SECONDS]: what our own server says
	curl -q -s -f -m "${2-5}" --noproxy '*' "http://$(state_address)$1"
}
ask_ready() { # the same of /ready, also when it is not
	curl -q -s -m 5 --noproxy '*' "http://$(state_address)/ready"
}

# dragoman pause outlives a stop: only what runs can be resumed, and it runs
# when a turn worker is heard of.
is_paused() { ask_ready | grep -q '"turn_workers":[1-9][0-9]*,"paused":true'; }

# The text of a member of one JSON object on standard input.
json_text() { # NAME
	sed -n 's/.*"'"$1"'":"\(\([^"\\]\|\\.\)*\)".*/\1/p' |
		sed 's/\\"/"/g; s/\\\\/\\/g'
}

# How long a group of processes may take to end.
stop_seconds() {
	local seconds
	seconds=$(sed -n 's/^stop\t//p' "$state/processes")
	[[ $seconds =~ ^[0-9]+$ ]] || seconds=40
	echo "$seconds"
}

# One command at a time changes a state.
lock_state() {
	[ -w "$state/.dragoman" ] ||
		fail 1 "$state belongs to $(stat -c %U -- "$state"): run this" \
			"as that user"
	exec 8>>"$state/.dragoman"
	flock -n 8 || {
		say "waiting for another command that uses $state"
		flock 8
	}
}
# Not one that was removed while we waited.
holds_lock() { [ "/dev/fd/8" -ef "$state/.dragoman" ]; }

may_read_state() {
	[ ! -e "$state/supervisor.pid" ] || [ -r "$state/supervisor.pid" ] ||
		fail 1 "$state belongs to $(stat -c %U "$state"): run this as" \
			"that user"
}

# --- the commands -----------------------------------------------------------

show_status() {
	local pid rc=0
	pid=$(supervisor_pid) || {
		echo "not running: $state"
		exit 3
	}
	load_state_env
	[ -x "$build/dragoman" ] ||
		fail 1 "supervisor $pid runs, but its programs are gone from" \
			"$build: $again --upgrade builds them"
	"$build/dragoman" status || rc=$?
	echo "supervisor: process $pid"
	[ $rc -le 1 ] || rc=1
	exit $rc
}

stop_state() {
	local pid
	pid=$(supervisor_pid) || {
		say "not running: $state"
		return 0
	}
	kill "$pid" || fail 1 "supervisor $pid could not be told to stop"
	# Edges end, then turn workers; nginx and Redis take moments.
	for _ in $(seq 1 $((20 * $(stop_seconds) + 400))); do
		supervisor_pid >/dev/null || {
			say "stopped: $state"
			return 0
		}
		sleep 0.1
	done
	fail 1 "supervisor $pid has not ended in time; see" \
		"$state/supervisor/log"
}

# Lines of JSON for people: 2026-11-30 14:48:08 info worker_started worker="edge".
readable() {
	sed -u -E '/^\{"time":/ {
		s/^\{"time":"([^"T]*)T([0-9:]*)[^"]*","level":"([a-z]*)","event":"([^"]*)"/\1 \2 \3 \4/
		s/,"([A-Za-z_]+)":/ \1=/g
		s/\}$//
	}'
}

# Workers write each line to their log and to standard error, where the rest
# is what they could not log.  Redis speaks at length even when all is well.
show_logs() {
	local files=() file text follow=()
	for file in "$state"/{log/dragoman.log,supervisor/{log,nginx.err},nginx/nginx.log}; do
		[ ! -s "$file" ] || files+=("$file")
	done
	[ ${#files[@]} -gt 0 ] || fail 3 "there are no logs in $state yet"
	for file in "$state"/supervisor/{edge,turn}.err; do
		text=$(grep -ahv '^{"time"' "$file" 2>/dev/null | tail -n 20) ||
			continue
		printf '==> %s <==\n%s\n\n' "$file" "$text" | plain
	done
	say "These files have all lines; Redis has its own: $state/supervisor/redis.err"
	[ ! -t 1 ] || follow=(-F)
	# -v: a name above the lines, of one file, too
	tail -v -n 20 "${follow[@]}" -- "${files[@]}" | plain | readable
	exit 0
}

remove_parts() {
	local part
	for part in "${STATE_PARTS[@]}"; do
		rm -rf -- "${state:?}/$part"
	done
}

remove_state() {
	[ -e "$state/.dragoman" ] || {
		[ ! -e "$state" ] || fail 2 "$state is no state of the" \
			"quickstart; nothing was removed"
		say "nothing to remove: $state"
		exit 0
	}
	if [ "$yes" = 0 ]; then
		[ -t 0 ] && [ -t 2 ] ||
			fail 2 "--remove needs --yes when there is no terminal"
		ask_yes "Delete $state with its secrets, messages and logs? [y/N]"
	fi
	lock_state
	holds_lock || { # somebody else has
		say "nothing to remove: $state"
		exit 0
	}
	stop_state 8>&-
	remove_parts
	rmdir -- "$(realpath -- "$state")" 2>/dev/null ||
		fail 1 "$state holds other files, which were left"
	[ ! -L "$state" ] || rm -f -- "$state"
	say "removed: $state. What was built is still in $here/build, and packages stay installed."
	exit 0
}

# The environment of a state, with paths from anywhere, and nothing of ours.
load_state_env() {
	local name
	[ -e "$state/environment" ] ||
		fail 3 "nothing was started in $state yet"
	[ -r "$state/environment" ] ||
		fail 1 "$state/environment cannot be read; it belongs to" \
			"$(stat -c %U "$state/environment")"
	for name in $(setting_names); do
		unset "$name"
	done
	# shellcheck source=/dev/null
	. "$state/environment"
	if [ "${REDIS_URL-}" = unix:redis/redis.sock ]; then
		REDIS_URL=$state/redis/redis.sock
		REDIS_URL=unix://$(sed 's/%/%25/g; s/@/%40/g; s/?/%3F/g' \
			<<<"$REDIS_URL")
		export REDIS_URL
	fi
	for name in $(setting_names); do
		case $name in
		*_FILE | DRAGOMAN_CONFIG | CONFIG_PATH | MCP_CONFIG)
			case ${!name-} in
			'' | /*) ;;
			*) export "$name=$state/${!name}" ;;
			esac
			;;
		esac
	done
	DRAGOMAN_URL=http://$(state_address)
	DRAGOMAN_STATE=$state # doctor looks at the processes of this one
	DRAGOMAN_QUICKSTART=$again # and names the line that does it
	export DRAGOMAN_URL DRAGOMAN_STATE DRAGOMAN_QUICKSTART
	export PATH="$build:$PATH"
}

run_command() { # COMMAND...
	load_state_env
	command -v -- "$1" >/dev/null ||
		fail 127 "--exec: there is no command $1"
	exec "$@"
}

chat() {
	# Ctrl-C is the chat's: it stops an answer, not all of us.
	trap : INT
	(
		load_state_env
		exec "$build/dragoman" chat
	) || true
	trap 'exit 130' INT
}

already_running() {
	local pid
	pid=$(supervisor_pid) || return 0
	say "already running: http://$(state_address) (supervisor $pid)"
	say "To use settings given now: $again --restart. To use a new version: $again --upgrade."
	[ "$mode" = detach ] || [ ! -t 0 ] || [ ! -t 1 ] || chat
	exit 0
}

# --- the folder -------------------------------------------------------------

# A folder of somebody else's is not made ours: its modes would change, and
# what root writes there could be led elsewhere.
check_state_folder() {
	local parent=$state
	if [ -e "$state" ] && [ ! -e "$state/.dragoman" ] &&
		{ [ ! -d "$state" ] || [ -n "$(ls -A -- "$state")" ]; }; then
		fail 2 "$state is there and not a state of the quickstart;" \
			"choose another folder with --state"
	fi
	[ ! -e "$state" ] || [ -O "$state/" ] ||
		[ "$(stat -Lc %u -- "$state")" = 0 ] ||
		fail 1 "$state belongs to $(stat -Lc %U -- "$state"), not to" \
			"$(id -un); choose another folder with --state"
	until [ -e "$parent" ]; do parent=$(dirname -- "$parent"); done
	[ -d "$parent" ] && [ -w "$parent" ] && [ -x "$parent" ] ||
		fail 1 "cannot write $parent, which belongs to" \
			"$(stat -c %U -- "$parent"); choose another folder" \
			"with --state"
}

# Until something was started, a failure leaves nothing of what it made.
made_state=''
make_state_folder() {
	local parent=$state missing=()
	until [ -e "$parent" ]; do
		missing=("$parent" "${missing[@]}")
		parent=$(dirname -- "$parent")
	done
	# Others may have been there since the first look, and during the build.
	may_trust_state
	check_state_folder
	# Not -p: what is there now was made by somebody else, and is looked at.
	for parent in "${missing[@]}"; do
		mkdir -- "$parent" 2>/dev/null || {
			[ ! -e "$parent" ] || return 1
			fail 1 "cannot make $state; choose another folder with" \
				"--state"
		}
	done
	[ -e "$state/.dragoman" ] || made_state=1
	chmod 0711 "$state"
	: >>"$state/.dragoman"
	trap discard EXIT
}

discard() {
	rm -rf -- "${state:?}"/{given.new,nginx/nginx.conf.new}
	# What runs is still the former one's.
	[ "$worker" = "$former_worker" ] || [ -n "$made_state" ] ||
		own_workers_files "$former_worker" 2>/dev/null || true
	[ -z "$copies" ] || rm -rf -- "${state:?}/$copies"
	[ -z "$made_key" ] || rm -f -- "$state/secrets/encryption_key"
	[ -n "$made_state" ] || return 0
	remove_parts
	rmdir -- "$state" 2>/dev/null || true
}
