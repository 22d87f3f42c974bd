# shellcheck shell=bash
# As root: which user each program becomes.  Everybody else runs all of it.
# shellcheck disable=SC2154 # state, again, ...: deploy/quickstart

# Those that Debian makes for them; daemon is on every Debian.
DEBIANS_REDIS=redis DEBIANS_WEB=www-data ANY_WORKER=daemon

worker=- web=- redis=- former_worker=- # of the supervisor's table

# Whom the state belongs to, so to say: its secrets and logs are theirs.
state_user() {
	local name=''
	[ ! -L "$state/user" ] && [ -f "$state/user" ] && [ -O "$state/user" ] ||
		return 0
	read -r name <"$state/user" || true
	! is_user "$name" || echo "$name"
}

is_user() { # NAME
	[[ $1 =~ ^[A-Za-z_][A-Za-z0-9._-]*$ ]] && id -u -- "$1" >/dev/null 2>&1
}

# The group of ${1} alone, who is in no other's way there; nothing if it has
# other members.
own_group() { # USER
	local gid users
	gid=$(id -g -- "$1")
	users=$({ getent passwd | awk -F: -v g="$gid" '$4 == g { print $1 }'
		getent group "$gid" | cut -d: -f4 | tr , '\n'; } | sort -u | sed '/^$/d')
	[ "$users" != "$1" ] || id -gn -- "$1"
}

# Redis's socket is open to its user and to the workers' group.  Not the other
# way round: the group redis may read the files of another Redis here.
choose_redis_user() {
	local group
	redis=$worker
	is_user $DEBIANS_REDIS || return 0
	group=$(own_group "$worker")
	[ -z "$group" ] || redis=$DEBIANS_REDIS:$group
}

choose_users() {
	if [ "$(id -u)" != 0 ]; then
		[ -z "$user" ] || fail 2 "--user: only root can let the workers" \
			"be another user. Leave it out: all of it runs as" \
			"$(id -un)"
		return 0
	fi
	former_worker=$(state_user)
	former_worker=${former_worker:-$ANY_WORKER}
	worker=${user:-$former_worker} web=$DEBIANS_WEB
	[ -z "$user" ] || may_be_worker
	choose_redis_user
}

may_be_worker() {
	is_user "$worker" ||
		fail 2 "--user: there is no user \"$worker\". To make one:" \
			"adduser --system --group NAME"
	[ "$(id -u -- "$worker")" != 0 ] ||
		fail 2 "--user: $worker is root, whose rights the workers do" \
			"not need; choose another user"
	case $worker in
	"$DEBIANS_REDIS" | "$DEBIANS_WEB")
		fail 2 "--user: Redis and nginx become $worker, and must not" \
			"read the workers' secrets; choose another user"
		;;
	esac
}

# What ${1} reads and writes.  Folders that root writes to stay root's: secrets/
# redis/ log/ apart, into which only the workers and Redis write.
own_workers_files() { # USER
	chown -hR "$1:" "$state"/log
	find "$state/secrets" -type f -exec chown -h "$1:" {} +
}

# Not while a Redis runs there: its user may have been another one.
own_redis_folder() {
	if [ "$redis" = - ]; then
		chmod 0700 "$state"/redis
	elif [ "$redis" = "$worker" ]; then
		chown -hR "$redis:" "$state"/redis
		chmod 0700 "$state"/redis
	else
		chown -hR "$redis" "$state"/redis
		chmod 0710 "$state"/redis
	fi
}

tell_users() {
	local of_redis=''
	[ "$worker" != - ] || return 0
	[ -z "$own_redis" ] || of_redis="Redis runs as ${redis%:*}, "
	say "Users: ${of_redis}nginx as $web, the workers as $worker (another" \
		"one: --user NAME)."
	[ -n "$own_redis" ] && [ "$redis" = "$worker" ] || return 0
	if is_user $DEBIANS_REDIS; then
		say "  Redis is not apart from the workers: the group" \
			"$(id -gn -- "$worker") of $worker has other members." \
			"A user with its own: adduser --system --group NAME"
	else
		say "  Redis is not apart from the workers: there is no user" \
			"$DEBIANS_REDIS. To make it: adduser --system --group $DEBIANS_REDIS"
	fi
}
