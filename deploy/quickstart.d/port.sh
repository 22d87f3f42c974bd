# shellcheck shell=bash
# The address where nginx listens, and who else is there.
# shellcheck disable=SC2154 # port, listen, ...: deploy/quickstart

# $listen as nginx takes it.
read_listen() {
	listen=${listen:-${MCP_HOST:-127.0.0.1}}
	case $listen in
	localhost) listen=127.0.0.1 ;;
	\[*) ;;
	*:*) listen=[$listen] ;;
	esac
	[[ $listen =~ ^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$|^\[[0-9a-fA-F:.]+\]$ ]] ||
		fail 2 "--listen: expected an address such as 127.0.0.1, 0.0.0.0 or" \
			"[::1], got \"$listen\""
}

read_port() { # PORT
	[[ $1 =~ ^[0-9]{1,5}$ ]] && port=$((10#$1)) || port=0
	((port >= 1 && port <= 65535)) ||
		fail 2 "--port: expected 1 to 65535, got \"$1\""
}

# The inode of a socket that listens on port ${1} and our address, or on all.
# Whether one on [::] is for IPv4, too, is nowhere to be read: it is tried.
listening_inode() { # PORT
	local ours=any family=4 inode number
	case $listen in
	\[*) family=6 ;;
	0.0.0.0) ;;
	*)
		while read -r number; do
			ours=$(printf '%02X' "$number")${ours#any}
		done < <(tr . '\n' <<<"$listen")
		;;
	esac
	inode=$(awk -v p="$(printf ':%04X' "$1")" -v ours="$ours" -v family=$family '
		$4 == "0A" && substr($2, length($2) - 4) == p {
			at = substr($2, 1, length($2) - 5)
			is = length(at) == 8 ? 4 : 6
			if (is == 6 && at ~ /^0000000000000000FFFF0000/) {
				at = substr(at, 25)
				is = 4
			}
			if (is == family && (ours == "any" || at ~ /^0+$/ || at == ours)) {
				print $10
				exit
			}
			if (is == 6 && at ~ /^0+$/ && maybe == "")
				maybe = "maybe " $10
		}
		END { print maybe }' /proc/net/tcp*)
	inode=${inode%%$'\n'*}
	if [[ $inode == maybe* ]]; then
		accepts "$1" || return 0
		inode=${inode#maybe }
	fi
	printf '%s\n' "$inode"
}

ACCEPT_S=2 # an address of this machine answers at once
accepts() { # PORT, at our address
	timeout $ACCEPT_S bash -c 'exec 3<>"/dev/tcp/$1/$2"' - \
		"${listen/#0.0.0.0/127.0.0.1}" "$1" 2>/dev/null
}

port_owner() { # INODE
	local fd
	fd=$(find /proc/[0-9]*/fd -maxdepth 1 -lname "socket:\\[$1\\]" \
		-print -quit 2>/dev/null) || true
	if [ -n "$fd" ]; then
		fd=${fd#/proc/}
		printf '%s (process %s)' "$(cat "/proc/${fd%%/*}/comm")" \
			"${fd%%/*}"
		return
	fi
	printf 'another program'
}

check_port() {
	local inode free address
	address=$(state_address)
	[ "${address##*:}" != "$port" ] || ! supervisor_pid >/dev/null ||
		return 0 # ours
	inode=$(listening_inode "$port")
	[ -n "$inode" ] || return 0
	free=$((port + 1))
	while [ $free -lt 65535 ] && [ -n "$(listening_inode $free)" ]; do
		free=$((free + 1))
	done
	fail 1 "port $port is already used by $(port_owner "$inode"). Choose" \
		"another port with --port $free, or stop the process that" \
		"uses this one$(unchanged)"
}

# Before a minute is spent on building.  Which one a YAML file names is not
# known yet.
check_known_port() {
	local known=${port:-${MCP_PORT:-${SERVER_PORT-}}}
	read_listen
	[ -n "$known" ] || return 0
	(
		read_port "$known"
		[ "$mode" = restart ] || check_port
	)
}

# Who reads this address from elsewhere, and what that means.
tell_listen() {
	if is_open; then
		say "warning: $listen:$port is plain HTTP: whoever can read the" \
			"network reads secrets and messages. Put TLS in front" \
			"of it (nginx/README.md)."
	else
		say "It serves this machine only. To admit others: --listen 0.0.0.0," \
			"behind TLS (nginx/README.md)."
	fi
}
