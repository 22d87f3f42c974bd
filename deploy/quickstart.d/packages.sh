# shellcheck shell=bash
# The Debian packages that building and running need.
# shellcheck disable=SC2154 # yes, verbose, users_locale: deploy/quickstart

packages=(autoconf automake ca-certificates curl gcc libc6-dev
	libcurl4-openssl-dev libfcgi-dev libhiredis-dev libjansson-dev
	libpcre2-dev libsodium-dev libyaml-dev make nginx redis-server)
optional=(libedit-dev libjemalloc-dev) # configure does without
programs=(autoreconf make gcc curl nginx redis-server)

missing_packages() { # PACKAGE...
	local p
	for p in "$@"; do
		[ "$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null)" = \
			'install ok installed' ] || echo "$p"
	done
}

# Where there is no apt: configure tells of libraries.
missing_programs() {
	local p
	for p in "${programs[@]}"; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$p" >/dev/null ||
			echo "$p"
	done
}

apt_install() { # PACKAGE...
	apt-get -q update &&
		DEBIAN_FRONTEND=noninteractive apt-get -qy install \
			--no-install-recommends "$@"
}

POLICY=/usr/sbin/policy-rc.d
POLICY_MARK='# of deploy/quickstart, process' # and its number

# What a run that was killed, or the power with it, has left: no service of
# this machine would be started by apt again.
drop_left_policy() {
	local pid
	pid=$(sed -n "s|^$POLICY_MARK \([0-9]*\)\$|\1|p" $POLICY 2>/dev/null) &&
		[ -n "$pid" ] || return 0
	[ -e "/proc/$pid" ] || rm -f $POLICY
}

# Debian starts the services of packages; ours are started by us alone.
install_packages() { # PACKAGE...; ${needed} of them are not optional
	local made='' rc=0 unit log
	log=$(mktemp)
	if [ ! -e $POLICY ]; then
		printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK $$" >$POLICY
		chmod 0755 $POLICY
		made=1
		trap 'rm -f $POLICY' EXIT
	fi
	must_end=apt-get step "installing $# packages" "$log" apt_install "$@" || rc=$?
	if [ -n "$made" ]; then
		rm -f $POLICY
		trap - EXIT
	fi
	[ $rc = 0 ] || {
		[ $verbose = 1 ] || tail -n 20 "$log" | plain >&2
		rm -f "$log"
		[ "$needed" != 0 ] || {
			say "Going on without: $* (optional)."
			return 0
		}
		fail 1 "apt-get failed; the lines above say why." \
			"Fix the problem, then run the command again"
	}
	rm -f "$log"
	# Nor at the next boot, under systemd or another init.
	for unit in nginx redis-server; do
		case " $* " in *" $unit "*)
			DPKG_MAINTSCRIPT_PACKAGE=$unit deb-systemd-helper \
				disable "$unit.service" || true
			update-rc.d "$unit" disable || true
			;;
		esac
	done >/dev/null 2>&1
}

need_packages() {
	local missing wished needed
	[ "$(id -u)" != 0 ] || drop_left_policy
	if ! command -v dpkg-query >/dev/null ||
		! command -v apt-get >/dev/null; then
		mapfile -t missing < <(missing_programs)
		[ ${#missing[@]} = 0 ] ||
			fail 1 "these programs are missing: ${missing[*]}." \
				"This system has no apt-get: install them" \
				"with its own tools, then run the command again"
		return 0
	fi
	mapfile -t missing < <(missing_packages "${packages[@]}")
	mapfile -t wished < <(missing_packages "${optional[@]}")
	if [ ${#missing[@]} = 0 ] && [ "$(id -u)" != 0 ]; then
		[ ${#wished[@]} = 0 ] ||
			say "Optional, not installed: ${wished[*]}" \
				"(README.md, Install, says what they are for)."
		return 0
	fi
	needed=${#missing[@]}
	missing+=("${wished[@]}")
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		say "These packages are missing. As root:"
		say "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
		exit 1
	fi
	say "These Debian packages are missing and will be installed:"
	say "  ${missing[*]}"
	if [ "$yes" = 0 ] && [ -t 0 ] && [ -t 2 ]; then
		ask_yes 'Go on? [Y/n]'
	fi
	install_packages "${missing[@]}"
}
