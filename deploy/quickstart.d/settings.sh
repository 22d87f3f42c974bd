# shellcheck shell=bash
# What is in force: secrets, address and Redis that nobody has set are made
# or chosen; the rest is checked, and written where the others read it.
# shellcheck disable=SC2154 # here, state, ...: deploy/quickstart

own() { [ "$worker" = - ] || chown -h -- "$worker:" "$@"; }

make_secret() { # FILE
	[ -s "$state/secrets/$1" ] && return
	head -c 32 /dev/urandom | base64 -w0 | tr '+/' '-_' | tr -d '=' \
		>"$state/secrets/$1"
	own "$state/secrets/$1"
}

make_folders() {
	mkdir -p "$state"/{secrets,redis,log,nginx,config,supervisor}
	chmod 0711 "$state" "$state"/{secrets,config}
	chmod 0755 "$state"/{nginx,log}
	chmod 0700 "$state"/supervisor
	choose_copies
	[ "$worker" != - ] || return 0
	# What a state of somebody else's holds is root's now (chown -hR root:).
	chown root: "$state" "$state"/{secrets,nginx,supervisor}
	own_workers_files "$worker"
}

# The command as a worker runs it, in the state.
command_here() { (cd "$state" && as_worker "$build/dragoman" "$@"); }
config() { command_here config "$@"; }

# What is in force: of each setting a line "KEY":{"value":"...","origin":"..."}.
# Nothing if the configuration is wrong.
read_in_force() {
	in_force=$(config --json show 2>/dev/null | sed 's/^{//; s/},"/},\n"/g') ||
		in_force=''
}
value_of() { # KEY
	{ grep -F "\"$1\":{" <<<"$in_force" || true; } | json_text value
}
origin_of() { # KEY
	{ grep -F "\"$1\":{" <<<"$in_force" || true; } | json_text origin
}

# A finding of the key that names no place: nobody set it.
lacks_key() {
	grep -q '[[,]"encryption_key: ' <<<"$(config --json check 2>/dev/null)"
}

# What is sealed with a key that is gone cannot be read with a new one.
made_key=''
may_make_key() {
	local key=$state/secrets/encryption_key
	[ ! -s "$key" ] || return 0
	[ -n "${REDIS_URL-}" ] ||
		[ -z "$(find "$state/redis" -type f -size +0 -print -quit)" ] ||
		fail 2 "the key that encrypts the messages in $state is" \
			"missing. Put $key back from a backup, or give that key" \
			"as ENCRYPTION_KEY. If it is lost, nobody can read them:" \
			"begin anew with another --state, or delete this one:" \
			"$again --remove$(unchanged)"
	made_key=1
}

# Said after a worker's own words.
key_remedy() { # WHAT-IT-SAID
	[[ $1 == *'encrypted with another'* ]] && [ -n "$own_redis" ] || return 0
	printf '%s' ". The quickstart keeps its key in" \
		" $state/secrets/encryption_key: put that file back from a" \
		" backup. If the key is lost, begin anew with another --state," \
		" or delete this one: $again --remove"
}

choose_key() {
	! lacks_key || {
		may_make_key
		make_secret encryption_key
		export ENCRYPTION_KEY_FILE=secrets/encryption_key
	}
	read_in_force
}

choose_address() {
	port=${port:-${MCP_PORT:-}}
	[ -n "$port" ] || port=$(value_of server.port)
	read_port "${port:-8000}"
	read_listen
	export SERVER_PORT=$port
	export SERVER_LISTEN=socket:edge
}

choose_secret() {
	[ "$(origin_of proxy_secret)" = default ] &&
		[ "$(value_of chat.open)" != true ] || return 0
	make_secret proxy_secret
	export PROXY_SECRET_FILE=secrets/proxy_secret
}

is_open() { # to other machines
	case $listen in
	127.* | '[::1]') return 1 ;;
	esac
}

# Whoever reaches this address from elsewhere needs a key.
check_open() {
	local setting=''
	is_open || return 0
	[ "$(value_of mcp.auth)" != none ] || setting='mcp.auth: none'
	[ "$(value_of mcp.require_key)" != false ] ||
		setting='mcp.require_key: false'
	[ -z "$setting" ] ||
		fail 2 "$setting serves this machine only, and $listen is" \
			"open to others. Remove that setting and make a key for" \
			"each client: $again --exec -- dragoman key create; or" \
			"leave out --listen and --allow-external$(unchanged)"
}

# Pages that this machine serves, such as the MCP Inspector's, may call /mcp.
choose_origins() {
	[ "$(origin_of mcp.origins)" = default ] || return 0
	export MCP_ORIGINS=loopback
}

# Clients of 2024-11-05 can often send no key: on this machine they need none,
# as long as nobody else is served.
choose_require_key() {
	! is_open || return 0
	[ "$(origin_of mcp.require_key)" = default ] || return 0
	export MCP_REQUIRE_KEY=false
}

# Keys of a new state begin with a prefix; one that has data keeps what it has.
choose_prefix() {
	[ "$(origin_of redis.prefix)" = default ] || return 0
	[ -e "$state/environment" ] || [ -e "$state/redis_prefix" ] ||
		echo dragoman: >"$state/redis_prefix"
	[ -e "$state/redis_prefix" ] || return 0
	read -r REDIS_PREFIX <"$state/redis_prefix"
	export REDIS_PREFIX
}

own_redis=
choose_redis() {
	[ "$(origin_of redis.url)" = default ] || return 0
	own_redis=1
	export REDIS_URL=unix:redis/redis.sock
}

# A finding of a variable that is no setting stands as "PLACE: NAME: ...", one
# of a setting as "PLACE: its.key: ...".
STRAY='[A-Za-z_][A-Z0-9_]*: '

# Those of env files, whose lines only the command knows.  Not as a worker, who
# may not read such a file.
warn_names() {
	local file
	for file in "${env_files[@]}"; do
		(cd "$state" && "$build/dragoman" --env-file "$file" \
			config check 2>&1) |
			grep -F "warning: $file:" |
			grep "^warning: .*:[0-9]*: $STRAY" | plain >&2 || true
	done
}

# Without what warn_names says with the line: we exported it.
not_of_files() {
	local name
	set -- -e '^$'
	for name in $env_names; do
		set -- "$@" -e "^warning: environment: $name: "
	done
	grep -v "$@"
}

check_settings() {
	local findings rc=0
	findings=$(config check 2>&1) || rc=$?
	findings=$(in_users_words "$findings")
	[ $rc = 0 ] || {
		say "$(not_of_files <<<"$findings")"
		warn_names
		fail 2 "the configuration is wrong. Correct the lines above," \
			"then run the command again$(unchanged)"
	}
	grep '^warning' <<<"$findings" | not_of_files | plain >&2 || true
	warn_names
	check_own_address
}

unchanged() { # what a --restart that is refused leaves
	[ "$mode" != restart ] || ! supervisor_pid >/dev/null ||
		printf '%s' ". What runs was not stopped"
}

# A model's server is often where we are, too: vLLM's port is 8000.
check_own_address() {
	local url
	url=$(value_of llm.base_url)
	[[ $url =~ ^https?://(127\.[0-9.]+|localhost|\[::1\]):([0-9]+)(/|$) ]] &&
		[ "${BASH_REMATCH[2]}" = "$port" ] || return 0
	fail 2 "$url (llm.base_url) is the address of Dragoman itself. If your" \
		"model's server has this port, choose another one for" \
		"Dragoman: --port $((port + 1))$(unchanged)"
}

# A Redis of the caller's: now, not after a minute of trying.  Our own is asked
# while it still runs: the key may be another one.
check_redis() {
	local said rc=0
	[ -z "$own_redis" ] || supervisor_pid >/dev/null || return 0
	said=$(command_here format show 2>&1) || rc=$?
	case $rc,$own_redis in
	0,* | 3,?*) ;; # 3: it is not there; we start it
	3,) fail 1 "Redis does not answer at redis.url. Start it or correct" \
		"REDIS_URL; without REDIS_URL the quickstart starts a Redis" \
		"itself$(unchanged)" ;;
	*) fail 1 "${said#dragoman: }$(key_remedy "$said")$(unchanged)" ;;
	esac
}

# Everything looks at what is in force, wherever it was set.
settle() {
	export LOG_FILE=${LOG_FILE:-log/dragoman.log}
	export SERVER_METRICS_FILE=${SERVER_METRICS_FILE:-log/metrics}
	choose_key
	choose_address
	check_open
	choose_secret
	choose_origins
	choose_require_key
	choose_prefix
	choose_redis
	check_names
	check_settings
	check_redis
}

# --- the configuration of the others ----------------------------------------

write_nginx() {
	local files
	files=$(ulimit -Hn) # nginx would complain of what it cannot have
	[[ $files =~ ^[0-9]+$ ]] && [ "$files" -lt 32768 ] || files=32768
	"$here/nginx/generate" --state . --listen "$listen:$port" \
		--socket unix:edge.sock --user "$web" \
		2> >(grep -v ' is open to other machines' >&2) | # tell_listen
		sed "s|\./log/|./nginx/|; s|^worker_rlimit_nofile [0-9]*|worker_rlimit_nofile $files|" >"$state/nginx/nginx.conf.new"
	chmod 0644 "$state/nginx/nginx.conf.new"
}

# It binds, too: a port below 1024, or an address that is not ours, is told
# now, before what runs is stopped.
check_nginx() {
	local said
	write_nginx
	said=$(cd "$state" && PATH=$PATH:/usr/sbin:/sbin nginx -t -q -p ./ \
		-c nginx/nginx.conf.new -e stderr 2>&1) || nginx_refuses "$said"
	[ -z "$said" ] || say "$said"
}

# No file: Redis would open it by its whole path, which the folders above may
# forbid.  Sealed texts do not compress: trying takes half of each rewrite.
redis_line() {
	local perm=700
	[[ $redis != *:* ]] || perm=770
	printf 'run\tredis\t1\t%s\tnone\treload=no\tredis-server' "$redis"
	printf '\t%s' --dir redis --port 0 --unixsocket redis.sock \
		--unixsocketperm $perm --appendonly yes --appendfsync everysec \
		--save '' --maxmemory-policy noeviction \
		--latency-tracking no --rdbcompression no --logfile ''
	printf '\n'
}

# Killed is only who takes ten seconds longer than server.drain.
seconds_to_stop() {
	local drain
	drain=$(value_of server.drain)
	case $drain in
	*ms) drain=$((${drain%ms} / 1000)) ;;
	*s) drain=${drain%s} ;;
	*m) drain=$((${drain%m} * 60)) ;;
	*h) drain=$((${drain%h} * 3600)) ;;
	esac
	echo $((drain + 10))
}

# The edge asks no model: no key of one, also by another name.
hidden_names() {
	local names='*_API_KEY,*_API_KEY_FILE' name
	for name in LLM_BACKENDS LLM_HEADERS; do
		names+=,$name,${name}_FILE
	done
	while read -r name; do
		names+=,$name
	done < <(names_in_values |
		grep -vxF -f <(setting_names; names_of_servers))
	echo "$names"
}

# Half the cores each.  More than workers_max would serve no more, as all wait
# for Redis, which works on one core; the supervisor has room for 256 in all.
workers_max=16 edges_max=64
workers_of_each() {
	local each=$((($(nproc) + 1) / 2))
	echo $((each < workers_max ? each : workers_max))
}

# --edges: so many, and of turn workers as many as ever.
read_edges() {
	[ -z "$edges" ] || { [[ $edges =~ ^[0-9]{1,3}$ ]] &&
		((10#$edges >= 1 && 10#$edges <= edges_max)); } ||
		fail 2 "--edges: expected 1 to $edges_max, got \"$edges\""
	edges=${edges:+$((10#$edges))}
}

# Each has many threads: a second process for the same cores only changes
# places with the first, which costs a loaded machine 4 % (ten measurements).
write_processes() {
	local each
	each=$(workers_of_each)
	{
		printf 'stop\t%s\n' "$(seconds_to_stop)"
		if [ -n "$own_redis" ]; then
			redis_line
			printf 'wait\tredis/redis.sock\n' # who asks finds it
		fi
		printf 'listen\tedge\tedge.sock\t0600\t%s\n' "$web"
		printf 'worker\tturn\t%s\t%s\t-\t%s\n' "$each" "$worker" "$build/dragoman-turn"
		printf 'run\tnginx\t1\t-\tnone\tnginx\t-p\t./\t-c\tnginx/nginx.conf\t-e\tnginx/nginx.log\t-g\tdaemon off;\n'
		printf 'worker\tedge\t%s\t%s\t%s\tsocket=edge\t%s\n' "${edges:-$each}" "$worker" "$(hidden_names)" "$build/dragoman-edge"
	} >"$state/processes"
}

write_environment() {
	local name
	for name in $(setting_names) $env_names $(names_in_values); do
		[ -z "${!name-}" ] || printf 'export %s=%q\n' "$name" "${!name}"
	done | sort -u >"$state/environment"
}

write_configuration() {
	mv -- "$state/nginx/nginx.conf.new" "$state/nginx/nginx.conf"
	write_processes
	write_environment
	own_redis_folder
	[ "$worker" = - ] || echo "$worker" >"$state/user"
	case $listen in
	0.0.0.0) shown=127.0.0.1 ;;
	'[::]') shown='[::1]' ;;
	*) shown=$listen ;;
	esac
	echo "$shown:$port" >"$state/address"
}

nginx_refuses() { # WHAT-IT-SAYS
	local why
	why=$(sed -n 's/.*\[emerg\] //p' <<<"$1" | head -n 1)
	case $why in
	*'Permission denied'*)
		why+=". A port below 1024 needs root: choose another with --port"
		;;
	*'Cannot assign requested address'*)
		why+=". This machine does not have that address: choose another with --listen"
		;;
	*) why=${why:-$1} ;;
	esac
	fail 1 "nginx cannot serve $listen:$port: $why$(unchanged)"
}
