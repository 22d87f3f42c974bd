# shellcheck shell=bash
# The settings that were given: variables, env files, and the files they name.
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

# What wins, first to last: the environment, --env-file, what the last start
# was given if this is a --restart, .env.  A start that is given nothing new
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
	[ "$mode" != restart ] && [ -z "$goes_on" ] || read_given
	[ ! -r "$here/.env" ] || read_env_file "$here/.env"
	asked_listen=$listen # before one is chosen
}

# Nothing is given that the last start was not given.
gives_nothing() {
	[ -r "$state/given" ] || return 1
	[ ! "$here/.env" -nt "$state/given" ] || return 1
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

# --- files that the workers cannot reach ------------------------------------

# Copies have a folder for each start: what runs keeps its own until this one
# has succeeded.
copies='' copied=''
declare -A original=() # of a copy
choose_copies() {
	local n=1
	while [ -e "$state/config/$n" ]; do n=$((n + 1)); done
	copies=config/$n
	mkdir "$state/$copies"
	chmod 0711 "$state/$copies"
}

copy_to() { # FILE PATH-IN-THE-STATE
	cp -L -- "$1" "$state/$2"
	own "$state/$2"
	chmod 0600 "$state/$2"
	original[$2]=$1
}

# Copied where they can: its path in the state into $copied.
hand_over() { # FILE NAME
	mkdir -p "$state/$copies/$2"
	chmod 0711 "$state/$copies/$2"
	copied=$copies/$2/${1##*/}
	copy_to "$1" "$copied"
}

# TEXT with the user's files instead of our copies of them.
in_users_words() { # TEXT
	local text=$1 copy
	for copy in "${!original[@]}"; do
		text=${text//"$copy"/"${original[$copy]}"}
	done
	printf '%s\n' "$text"
}

# A start has succeeded: what served the former one goes.
drop_other_copies() {
	local folder
	for folder in "$state"/config/*; do
		[ "$folder" = "$state/$copies" ] || rm -rf -- "$folder"
	done
}

reach_secret_file() { # NAME of a variable that names a file
	local file=${!1}
	{ [ -f "$file" ] && [ -r "$file" ]; } ||
		fail 2 "$1: cannot read $file; correct its path or its mode"
	file=$(realpath -- "$file")
	as_worker test -r "$file" 2>/dev/null || {
		hand_over "$file" "$1"
		file=$copied
	}
	export "$1=$file"
}

# The files that a YAML file names (proxy_secret_file, api_key_file), as they
# are written there: "KEY: PATH".
named_files() { # YAML
	grep -v '^[[:space:]]*#' -- "$1" | grep -oE \
		"[a-z_]+_file['\"]?[[:space:]]*:[[:space:]]*(\"[^\"]*\"|'[^']*'|[^][:space:],{}#'\"]+)" ||
		true
}

path_in() { # "KEY: PATH" YAML: the path, as the programs read it
	local path=${1#*:}
	path=${path#"${path%%[![:space:]]*}"}
	path=${path#[\'\"]} path=${path%[\'\"]}
	[[ $path == /* ]] || path=${2%/*}/$path
	printf '%s\n' "$path"
}

# True if a worker can read all files that YAML names.
reaches_named() { # YAML
	local line file
	while IFS= read -r line; do
		file=$(path_in "$line" "$1")
		[ ! -r "$file" ] || as_worker test -r "$file" 2>/dev/null ||
			return 1
	done < <(named_files "$1")
}

# Beside the copy of YAML lie copies of the files that it names.
copy_named() { # YAML COPY-IN-THE-STATE
	local line file text number=0 name
	text=$(cat -- "$state/$2" && echo .)
	while IFS= read -r line; do
		file=$(path_in "$line" "$1")
		[ -f "$file" ] && [ -r "$file" ] || continue # told by config check
		number=$((number + 1))
		name=named-$number
		copy_to "$file" "${2%/*}/$name"
		text=${text//"$line"/"${line%%:*}: $name"}
	done < <(named_files "$1")
	printf '%s' "${text%.}" >"$state/$2"
}

# The file in a folder, as the programs look for it.
config_in() { # PATH
	local beside
	if [ -d "$1" ]; then
		for beside in dragoman.yaml config.tech.yaml; do
			[ ! -f "$1/$beside" ] || {
				printf '%s\n' "$1/$beside"
				return
			}
		done
	fi
	printf '%s\n' "$1"
}

reach_config_file() { # NAME of the variable
	local file beside copy
	file=$(config_in "${!1}")
	{ [ -f "$file" ] && [ -r "$file" ]; } ||
		fail 2 "$1: cannot read $file; correct its path or its mode"
	file=$(realpath -- "$file")
	if ! as_worker test -r "$file" 2>/dev/null ||
		{ [ "$1" != MCP_CONFIG ] && ! reaches_named "$file"; }; then
		say "$1: the workers cannot read $file or a file that it" \
			"names, so they use copies. After you change such a" \
			"file: $again --restart"
		beside=${file%/*}/servers_config.json
		[ "$1" = MCP_CONFIG ] || [ ! -r "$beside" ] ||
			hand_over "$beside" "$1"
		hand_over "$file" "$1"
		copy=$copied
		[ "$1" = MCP_CONFIG ] || copy_named "$file" "$copy"
		file=$copy
	fi
	export "$1=$file"
}

# The file that a server of this machine uses is not searched for: --exec, as
# root, would find it and the workers, who may not read it, would not.
use_no_file() {
	local file
	for file in /etc/dragoman/{dragoman,config.tech}.yaml; do
		[ ! -r "$file" ] ||
			say "$file is not used here; to use it, set DRAGOMAN_CONFIG=$file"
	done
	export DRAGOMAN_CONFIG=/dev/null
}

reach_files() {
	local name by_value
	for name in $(setting_names); do
		case $name in *_FILE) ;; *) continue ;; esac
		by_value=${name%_FILE} # which wins
		is_written "$name" || [ -z "${!name-}" ] ||
			[ -n "${!by_value-}" ] || reach_secret_file "$name"
	done
	for name in DRAGOMAN_CONFIG CONFIG_PATH MCP_CONFIG; do
		[ -z "${!name-}" ] || reach_config_file "$name"
	done
	[ -n "${DRAGOMAN_CONFIG-}${CONFIG_PATH-}" ] || use_no_file
}
