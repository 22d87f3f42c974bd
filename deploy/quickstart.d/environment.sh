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

# NAME=value lines.  What the environment has stays, by value or as a file.
env_names='' env_files=()
read_env_file() { # FILE
	local line name text by_file number=0
	env_files+=("$(realpath -- "$1")")
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		line=${line%$'\r'}
		[[ $line =~ ^[[:space:]]*(#.*)?$ ]] && continue
		# A name that is none of the shell's: config check tells of it.
		[[ $line =~ ^[[:space:]]*[A-Za-z0-9_.-]*[.-][A-Za-z0-9_.-]*[[:space:]]*= ]] &&
			continue
		[[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)[[:space:]]*=[[:space:]]*(.*)$ ]] ||
			fail 2 "$1:$number: expected NAME=value"
		name=${BASH_REMATCH[2]} text=${BASH_REMATCH[3]}
		unquote "$text" ||
			fail 2 "$1:$number: $name: expected a closing quote at the end"
		is_ours_to_set "$name" || continue
		by_file=${name}_FILE
		[ -z "${!name-}${!by_file-}" ] || continue
		export "$name=$text"
		env_names+=" $name"
	done <"$1"
}

# Not what this shell itself lives by.
is_ours_to_set() { # NAME
	case $1 in
	PATH | HOME | LD_* | BASH* | IFS | SHELLOPTS | LC_ALL) return 1 ;;
	esac
}

# What wins, first to last: the environment, --env-file, what the last start
# was given if this is a --restart, .env.
read_settings() {
	[ -z "$env_file" ] || read_named_file
	[ "$mode" != restart ] || read_given
	[ ! -r "$here/.env" ] || read_env_file "$here/.env"
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

# For --restart: what was given, before we add to it.  Of an env file its path,
# as it may change.
save_given() {
	local name value
	{
		printf 'given_port=%q given_listen=%q\n' "$port" "$listen"
		printf 'given_file=%q\n' \
			"${env_file:+$(realpath -ms -- "$env_file")}"
		for name in $(setting_names | grep -vxF -f <(tr ' ' '\n' <<<"$env_names")); do
			value=${!name-}
			[ -n "$value" ] || continue
			case $name in
			*_FILE | DRAGOMAN_CONFIG | CONFIG_PATH | MCP_CONFIG)
				is_written "$name" ||
					value=$(realpath -ms -- "$value")
				;;
			esac
			printf 'given %s %q\n' "$name" "$value"
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
	local other=${1}_FILE
	[[ $1 != *_FILE ]] || other=${1%_FILE}
	[ -z "${!1-}${!other-}" ] || return 0
	export "$1=$2"
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

# Copied where they can.
hand_over() { # FILE NAME: prints its path in the state
	mkdir -p "$state/config/$2"
	chmod 0711 "$state/config/$2"
	cp -L -- "$1" "$state/config/$2/"
	own "$state/config/$2/${1##*/}"
	chmod 0600 "$state/config/$2/${1##*/}"
	printf '%s\n' "config/$2/${1##*/}"
}

reach_secret_file() { # NAME of a variable that names a file
	local file=${!1}
	{ [ -f "$file" ] && [ -r "$file" ]; } ||
		fail 2 "$1: cannot read $file; correct its path or its mode"
	file=$(realpath -- "$file")
	as_worker test -r "$file" 2>/dev/null || file=$(hand_over "$file" "$1")
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
copy_named() { # YAML COPY
	local line file text number=0 name
	text=$(cat -- "$2" && echo .)
	while IFS= read -r line; do
		file=$(path_in "$line" "$1")
		[ -f "$file" ] && [ -r "$file" ] || continue # told by config check
		number=$((number + 1))
		name=named-$number
		cp -L -- "$file" "${2%/*}/$name"
		own "${2%/*}/$name"
		chmod 0600 "${2%/*}/$name"
		text=${text//"$line"/"${line%%:*}: $name"}
	done < <(named_files "$1")
	printf '%s' "${text%.}" >"$2"
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
		say "$1: the workers cannot reach $file or a file that it" \
			"names, and get copies; --restart after changing them."
		beside=${file%/*}/servers_config.json
		copy=$(hand_over "$file" "$1")
		if [ "$1" != MCP_CONFIG ]; then
			[ ! -r "$beside" ] ||
				hand_over "$beside" "$1" >/dev/null
			copy_named "$file" "$state/$copy"
		fi
		file=$copy
	fi
	export "$1=$file"
}

reach_files() {
	local name
	for name in $(setting_names); do
		case $name in *_FILE) ;; *) continue ;; esac
		is_written "$name" || [ -z "${!name-}" ] ||
			reach_secret_file "$name"
	done
	for name in DRAGOMAN_CONFIG CONFIG_PATH MCP_CONFIG; do
		[ -z "${!name-}" ] || reach_config_file "$name"
	done
}
