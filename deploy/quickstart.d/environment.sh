# shellcheck shell=bash
# The settings that were given: variables, env files, and the last start.
# shellcheck disable=SC2154 # here, state, ...: deploy/quickstart

# ${1}: the value of a line, by the rules of dragoman --env-file (env.example).
unquote() {
	local rest=$1 out=''
	case $rest in
	\'*)
		[[ $rest =~ ^\'([^\']*)\'[[:space:]]*(#.*)?$ ]] || return 1
		text=${BASH_REMATCH[1]}
		;;
	\"*)
		[[ $rest =~ ^\"(([^\"\\]|\\.)*)\"[[:space:]]*(#.*)?$ ]] || return 1
		rest=${BASH_REMATCH[1]}
		while [[ $rest == *\\* ]]; do
			out+=${rest%%\\*} rest=${rest#*\\}
			case $rest in
			n*) out+=$'\n' rest=${rest:1} ;;
			t*) out+=$'\t' rest=${rest:1} ;;
			[\"\\\$\`]*) out+=${rest:0:1} rest=${rest:1} ;;
			*) out+=\\ ;;
			esac
		done
		text=$out$rest
		;;
	*)
		[[ $rest == '#'* ]] && rest=''
		rest=${rest%%[[:blank:]]#*}
		text=${rest%"${rest##*[![:space:]]}"}
		;;
	esac
}

# NAME=value lines, as the programs read them: of several lines of a name the
# last one counts.  What was set before stays, by value or as a file.
env_names='' env_files=()
read_env_file() { # FILE
	local line name number=0 take=()
	local -A lines=()
	env_files+=("$(realpath -- "$1")")
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		line=${line%$'\r'}
		[[ $line =~ ^[[:space:]]*(#.*)?$ ]] && continue
		[[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z0-9_.-]+)[[:space:]]*=[[:space:]]*(.*)$ ]] ||
			fail 2 "$1:$number: expected NAME=value"
		name=${BASH_REMATCH[2]}
		unquote "${BASH_REMATCH[3]}" ||
			fail 2 "$1:$number: $name: expected a closing quote at the end"
		# A name that is none of the shell's: config check tells of it.
		[[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] && is_ours_to_set "$name" ||
			continue
		lines[$name]=$text
	done <"$1"
	for name in "${!lines[@]}"; do
		[ -z "${lines[$name]}" ] || is_set "$name" || take+=("$name")
	done
	for name in "${take[@]}"; do
		export "$name=${lines[$name]}"
		env_names+=" $name"
	done
}

# By value or as a file.
is_set() { # NAME
	local other=${1}_FILE
	[[ $1 != *_FILE ]] || other=${1%_FILE}
	[ -n "${!1-}${!other-}" ]
}

# Not what this shell itself lives by.
is_ours_to_set() { # NAME
	case $1 in
	PATH | HOME | LD_* | BASH* | IFS | SHELLOPTS | LC_ALL) return 1 ;;
	esac
}

# What was written into .env after the last start.
env_is_newer() { [ -r "$here/.env" ] && [ "$here/.env" -nt "$state/given" ]; }

# What wins, first to last: the environment, --env-file, .env if it is newer,
# what the last start was given if this is a --restart, .env.  A start that is given nothing new
# goes on as the last one; any other begins anew, or a key of the last start
# would be sent to the server that is named now.
went_on='' dropped=''
read_settings() {
	local goes_on=''
	case $mode in
	restart) ;;
	upgrade) return 0 ;;
	*) ! gives_nothing || goes_on=1 ;;
	esac
	[ -z "$env_file" ] || read_named_file
	[ "$mode" = restart ] || [ -n "$goes_on" ] || dropped=$(dropped_names)
	[ -z "$goes_on" ] || went_on=$(dropped_names)
	! env_is_newer || read_env_file "$here/.env"
	[ "$mode" != restart ] && [ -z "$goes_on" ] || read_given
	env_is_newer || [ ! -r "$here/.env" ] || read_env_file "$here/.env"
	asked_listen=$listen # before one is chosen
}

# Nothing is given that the last start was not given.
gives_nothing() {
	[ -r "$state/given" ] || return 1
	! env_is_newer || return 1
	(
		declare -A was=()
		given() { was[$1]=$2; }
		# shellcheck source=/dev/null
		. "$state/given"
		if [ -n "$env_file" ]; then
			[ "$(realpath -ms -- "$env_file")" = "$given_file" ] &&
				[ ! "$env_file" -nt "$state/given" ] || exit 1
		fi
		for name in $(setting_names); do
			[ -z "${!name-}" ] ||
				[ "$(given_value "$name")" = "${was[$name]-}" ] ||
				exit 1
		done
	)
}

# What the last start was given and this one was not.
dropped_names() {
	[ -r "$state/given" ] || return 0
	(
		given() { is_set "$1" || printf ' %s' "$1"; }
		# shellcheck source=/dev/null
		. "$state/given"
		[ -z "$given_port" ] || [ -n "$port${MCP_PORT-}${SERVER_PORT-}" ] ||
			printf ' --port %s' "$given_port"
		[ -z "$given_listen" ] || [ -n "$listen${MCP_HOST-}" ] ||
			printf ' --listen %s' "$given_listen"
		[ -z "$given_file" ] || [ -n "$env_file" ] ||
			printf ' --env-file %q' "$given_file"
	)
}

read_named_file() {
	{ [ ! -d "$env_file" ] && [ -r "$env_file" ]; } ||
		fail 2 "--env-file: cannot read $env_file"
	read_env_file "$env_file"
}

# All that a program reads, in both forms.
setting_names() {
	sed -n 's/^#\{0,1\} *\([A-Z][A-Z0-9_]*\)=.*/\1/p' "$here/env.example" |
		sed 's/_FILE$//; p; s/$/_FILE/' | sort -u
}

# The NAMEs of ${NAME}s in the configuration: they must stay for --exec.
names_in_values() {
	local file name
	{
		for file in "${DRAGOMAN_CONFIG-}" "${CONFIG_PATH-}" \
			"${MCP_CONFIG-}" "$(value_of mcp.config)" \
			"$(command_here --json config check |
				sed -n 's/.*"file":"\([^"]*\)".*/\1/p')"; do
			[ -z "$file" ] || cat -- "$state/$file" "$file" \
				2>/dev/null || true
		done
		printf '%s\n' "${LLM_BACKENDS-}" "${LLM_HEADERS-}" \
			"${MCP_SERVERS-}"
	} | grep -o '\${[A-Za-z_][A-Za-z0-9_]*}' | tr -d '${}' | sort -u |
		while read -r name; do
			! is_ours_to_set "$name" || echo "$name"
		done
}

is_written() { # NAME: a file that the workers write
	case $1 in LOG_FILE | SERVER_METRICS_FILE) ;; *) return 1 ;; esac
}

# Of a path the whole: the next start may be in another folder.
given_value() { # NAME
	case $1 in
	*_FILE | DRAGOMAN_CONFIG | CONFIG_PATH | MCP_CONFIG)
		is_written "$1" || {
			realpath -ms -- "${!1}"
			return
		}
		;;
	esac
	printf '%s\n' "${!1}"
}

# For --restart: what was given, before we add to it.  Of an env file its path,
# as it may change.
save_given() {
	local name
	{
		printf 'given_port=%q given_listen=%q\n' "$port" "$asked_listen"
		printf 'given_file=%q\n' \
			"${env_file:+$(realpath -ms -- "$env_file")}"
		for name in $(setting_names | grep -vxF -f <(tr ' ' '\n' <<<"$env_names")); do
			[ -z "${!name-}" ] ||
				printf 'given %s %q\n' "$name" "$(given_value "$name")"
		done
	} >"$state/given.new"
}

# And what ${NAME}s in the configuration name, once that is known.
save_named() {
	local name
	while read -r name; do
		[ -z "${!name-}" ] || printf 'given %s %q\n' "$name" "${!name}"
	done < <(names_in_values | grep -vxF \
		-f <(setting_names; tr ' ' '\n' <<<"$env_names")) \
		>>"$state/given.new"
}

# A line of that file: what is set now, by value or as a file, stays.
given() { # NAME VALUE
	is_set "$1" || export "$1=$2"
}

read_given() {
	local given_port='' given_listen='' given_file=''
	[ -e "$state/given" ] || fail 3 "nothing to start again in $state:" \
		"no start of this version was there; leave --restart out"
	[ -r "$state/given" ] ||
		fail 1 "$state/given cannot be read; it belongs to" \
			"$(stat -c %U -- "$state/given")"
	# shellcheck source=/dev/null
	. "$state/given"
	port=${port:-$given_port}
	listen=${listen:-$given_listen}
	if [ -z "$env_file" ] && [ -n "$given_file" ]; then
		env_file=$given_file
		read_named_file
	fi
}
