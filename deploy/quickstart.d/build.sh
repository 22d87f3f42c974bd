# shellcheck shell=bash
# One build for all states, in build/release.
# shellcheck disable=SC2154 # here, build: deploy/quickstart

BUILD_MB=150 # objects, programs and a margin: a whole build has 60
STATE_MB=50  # Redis, logs and metrics of a first day

# Whatever autoreconf writes goes below build/, too: there the sources are
# links.
link_sources() {
	local source=$here/build/source entry name
	mkdir -p "$source"
	for entry in "$here"/*; do
		name=${entry##*/}
		case $name in
		build | build-aux | state | autom4te.cache | aclocal.m4 | \
			config.h.in | configure | Makefile.in) ;;
		*) [ -e "$source/$name" ] || ln -sf "../../$name" "$source/$name" ;;
		esac
	done
}

# The links have no .git: the commit is written beside them, as in a
# distribution.
name_commit() {
	local source=$here/build/source commit
	commit=$(sh "$here/base/version_commit.sh" "$here")
	[ "$commit" = "$(cat "$source/version_commit" 2>/dev/null)" ] ||
		printf '%s\n' "$commit" >"$source/version_commit"
}

# The header of the commit is made anew by each make: its text counts.
stale() {
	local source=$here/build/source header=base/version_commit.h
	! make -C "$build" -q -o $header dragoman dragoman-edge \
		dragoman-supervise dragoman-turn >/dev/null 2>&1 ||
		[ "$(sh "$source/base/version_commit.sh" --header "$source")" != \
			"$(cat "$build/$header" 2>/dev/null)" ]
}

# The free megabytes of the disk that holds PATH, which may not exist yet.
free_mb() { # PATH
	local path=$1
	until [ -e "$path" ]; do path=$(dirname -- "$path"); done
	df -Pm -- "$path" | awk 'NR == 2 { print ($2 == 0 ? "none" : $4) }'
}

# What the system shows as files (/proc) has no room at all.
need_space() { # PATH MEGABYTES WHAT-FOR REMEDY
	local free
	free=$(free_mb "$1") || return 0
	[ "$free" != none ] ||
		fail 1 "$1 cannot be made: there is no disk; $4"
	[[ ! $free =~ ^[0-9]+$ ]] || [ "$free" -ge "$2" ] ||
		fail 1 "$1: only $free MB are free there, $3 needs $2 MB; $4"
}

check_space() {
	if [ ! -x "$build/dragoman" ]; then
		need_space "$build" $BUILD_MB building \
			"make room, then run the command again"
	fi
	[ "$mode" = upgrade ] ||
		need_space "$state" $STATE_MB "the state" \
			"make room, or choose another disk with --state"
}

build_step() { # WORDS LOG COMMAND...
	local words=$1 log=$2
	step "$@" && return
	show_errors "$log"
	if grep -q 'No space left on device' "$log"; then
		fail 1 "$words failed: the disk of $build is full; make room," \
			"then run the command again"
	fi
	fail 1 "$words failed; all it said is in $log"
}

make_configure() (cd "$here/build/source" && autoreconf -fi)
configure() (cd "$build" && ../source/configure -q)

# The optional packages that configure did not find.
without() { missing_packages "${optional[@]}"; }
chosen_otherwise() {
	[ "$(without)" != "$(cat "$build/.without" 2>/dev/null)" ]
}

lock_build() {
	exec 9>>"$build/.lock"
	flock -n 9 || {
		say "waiting for another build to end"
		flock 9
	}
}

# Before anything is installed for it.
may_build() {
	local parent=$build
	until [ -e "$parent" ]; do parent=$(dirname -- "$parent"); done
	[ -x "$build/dragoman" ] || [ -w "$parent" ] ||
		fail 1 "nothing is built in $here yet, and you may not write" \
			"there. Clone the repository to a folder of your own," \
			"or let $(stat -c %U -- "$parent") run $me once"
}

# Whoever comes second waits and finds it done.
build_all() {
	local source=$here/build/source
	umask 022 # the workers' users run it
	mkdir -p "$build" 2>/dev/null || true
	if [ ! -w "$build" ]; then
		! stale ||
			fail 1 "what is built in $build is older than the sources," \
				"and you may not write there: let" \
				"$(stat -c %U "$build") build it, or clone the" \
				"repository anew"
		umask 077
		return 0
	fi
	lock_build
	link_sources
	name_commit
	if [ ! -x "$source/configure" ] ||
		[ "$here/configure.ac" -nt "$source/configure" ] ||
		[ "$here/Makefile.am" -nt "$source/Makefile.in" ]; then
		build_step "making configure" "$build/autoreconf.log" \
			make_configure
	fi
	if [ "$source/configure" -nt "$build/Makefile" ] || chosen_otherwise ||
		! grep -q "^srcdir = .*/source\$" "$build/Makefile"; then
		build_step "configuring" "$build/configure.log" configure
		without >"$build/.without"
		touch "$build/config.h" # or make -q says for ever that it is old
	fi
	if stale; then
		hint=' (about a minute)' build_step building "$build/make.log" \
			make -C "$build" -s -j"$(nproc)" all
	fi
	exec 9>&-
	umask 077
}
