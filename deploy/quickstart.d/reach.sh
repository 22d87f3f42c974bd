# shellcheck shell=bash
# Files that the workers cannot reach: copied where they can.
# shellcheck disable=SC2154 # here, state, ...: deploy/quickstart

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

# TEXT with the user's files instead of our copies of them, and with commands
# as they are typed here.
in_users_words() { # TEXT
	local text=$1 copy word
	for copy in "${!original[@]}"; do
		text=${text//"$copy"/"${original[$copy]}"}
	done
	for word in config doctor format keys models prefix resume turns; do
		text=${text//"dragoman $word "/"$again --exec -- dragoman $word "}
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
