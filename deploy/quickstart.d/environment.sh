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
		[ $number != 1 ] || line=${line#$'\xef\xbb\xbf'} # a BOM
		line=${line%$'\r'}
		[[ ${line#"${line%%[![:blank:]]*}"} != '#'* ]] || continue
		[[ $line =~ ^.*$ ]] || # which matches characters alone
			fail 2 "$1:$number: expected UTF-8: save the file in" \
				"this encoding"
		[[ $line =~ ^[[:space:]]*(#.*)?$ ]] && continue
		[[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z0-9_.-]+)[[:space:]]*=[[:space:]]*(.*)$ ]] ||
			fail 2 "$1:$number: expected NAME=value"
		name=${BASH_REMATCH[2]}
		unquote "${BASH_REMATCH[3]}" ||
			fail 2 "$1:$number: $name: expected a closing quote at the end"
		may_come_from_file "$name" || {
			say "warning: $1:$number: $refused: this line is not used"
			continue
		}
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

# By value or as a file; of a proxy's two names either.
is_set() { # NAME
	local other=${1}_FILE
	case $1 in
	*_FILE) other=${1%_FILE} ;;
	*_proxy) other=${1^^} ;;
	*_PROXY) other=${1,,} ;;
	esac
	[ -n "${!1-}${!other-}" ]
}

# Not what this shell itself lives by, or make.
is_ours_to_set() { # NAME
	case $1 in
	PATH | HOME | LD_* | BASH* | IFS | SHELLOPTS | LC_ALL | CDPATH | ENV | \
		GLOBIGNORE | POSIXLY_CORRECT | PS4 | MAKE* | MFLAGS | GNUMAKEFLAGS)
		return 1
		;;
	esac
}

# Nor a variable of this script: those in lower case, and what is set already
# and not of the environment (bash's UID, our STATE_PARTS).  Why not is in
# $refused; a name in lower case may be a key that was pasted, so it is not
# shown.
may_come_from_file() { # NAME
	refused='the quickstart takes only names of capital letters, digits and _'
	[[ $1 =~ ^([A-Z_][A-Z0-9_]*|[a-z]+_proxy)$ ]] || return 1
	refused="$1 is a variable of the shell"
	is_ours_to_set "$1" || return 1
	case $(declare -p "$1" 2>/dev/null) in
	'' | 'declare -x '*) ;;
	*) return 1 ;;
	esac
}

# What the environment that we were started with has, as this script and bash
# have variables of their own; status 1: nothing.
given_at_start() { # NAME
	grep -qz "^$1=" "/proc/$$/environ" &&
		sed -zn "s/^$1=//p" "/proc/$$/environ" | tr -d '\0'
}

is_bashs() { # NAME: it has a value, or is closed, in any bash
	env -i "$BASH" -c 'declare -p -- "$1"' - "$1" >/dev/null 2>&1
}

# Nor may the configuration name such a one, if it was given: another value
# would be sent.
check_names() {
	local name given
	while read -r name; do
		given=$(given_at_start "$name") || continue
		[[ $name =~ ^([A-Z_][A-Z0-9_]*|[a-z]+_proxy)$ ]] ||
			refuse_name "$name" "the quickstart takes only names of" \
				"capital letters, digits and _"
		! is_bashs "$name" && [ "$given" = "$(printenv -- "$name")" ] ||
			refuse_name "$name" "this is a variable of the shell"
	done < <(names_in_values | grep -vxF -f <(setting_names))
}

refuse_name() { # NAME WHY...
	local name=$1
	shift
	fail 2 "the configuration names \${$name}: $*. Choose another name, and" \
		"set that$(unchanged)"
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
		[ -z "${given_edges-}" ] || [ -n "$edges" ] ||
			printf ' --edges %s' "$given_edges"
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
	sed -n 's/^#\{0,1\} *\([A-Z][A-Z0-9_]*\|[a-z]*_proxy\)=.*/\1/p' "$here/env.example" |
		sed 's/_FILE$//; p; s/$/_FILE/' | sort -u
}

# The NAMEs of ${NAME}s in the configuration: they must stay for --exec.
names_in_values() {
	local name
	{
		yaml_files | read_all
		servers_files | read_all
		printf '%s\n' "${LLM_BACKENDS-}" "${LLM_HEADERS-}" \
			"${MCP_SERVERS-}"
	} | variables_in |
		while read -r name; do
			! is_ours_to_set "$name" || echo "$name"
		done
}

yaml_files() {
	printf '%s\n' "${DRAGOMAN_CONFIG-}" "${CONFIG_PATH-}" \
		"$(command_here --json config check |
			sed -n 's/.*"file":"\([^"]*\)".*/\1/p')"
}

servers_files() {
	printf '%s\n' "${MCP_CONFIG-}" "$(value_of mcp.config)"
}

read_all() {
	local file
	while read -r file; do
		[ -z "$file" ] || cat -- "$state/$file" "$file" \
			2>/dev/null || true
	done
}

variables_in() {
	grep -o '\${[A-Za-z_][A-Za-z0-9_]*}' | tr -d '${}' | sort -u
}

# Of these, those of tools' servers, which the edge calls for clients of /mcp.
# A name that stands elsewhere as well may be a model's key.
names_of_servers() {
	local mcp='/^mcp:/ { on = 1; print; next } /^[^[:space:]#]/ { on = 0 }'
	{
		yaml_files | read_all | awk "$mcp on"
		servers_files | read_all
		printf '%s\n' "${MCP_SERVERS-}"
	} | variables_in | grep -vxF -f <({
		yaml_files | read_all | awk "$mcp !on"
		printf '%s\n' "${LLM_BACKENDS-}" "${LLM_HEADERS-}"
	} | variables_in)
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
		printf 'given_port=%q given_listen=%q given_edges=%q\n' \
			"$port" "$asked_listen" "$edges"
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
	local given_port='' given_listen='' given_edges='' given_file=''
	[ -e "$state/given" ] || fail 3 "nothing to start again in $state:" \
		"no start of this version was there; leave --restart out"
	[ -r "$state/given" ] ||
		fail 1 "$state/given cannot be read; it belongs to" \
			"$(stat -c %U -- "$state/given")"
	# shellcheck source=/dev/null
	. "$state/given"
	port=${port:-$given_port}
	listen=${listen:-$given_listen}
	edges=${edges:-$given_edges}
	if [ -z "$env_file" ] && [ -n "$given_file" ]; then
		env_file=$given_file
		read_named_file
	fi
}
