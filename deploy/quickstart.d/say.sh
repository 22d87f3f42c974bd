# shellcheck shell=bash
# What the user reads.  It goes to standard error: --exec leaves output alone.
# shellcheck disable=SC2154 # yes, verbose, users_locale: deploy/quickstart

verbose=0

# Text without what a terminal would obey: a stranger's request is in nginx's
# log, a model server's words are in its model's name.  Control characters go
# (tab and newline stay), what is not UTF-8, C1 controls, marks of direction.
# In this order: what is removed may join what was apart.
plain() {
	LC_ALL=C sed -u -E \
		-e 's/[\x00-\x08\x0b-\x1f\x7f]//g' \
		-e 's/([\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf4][\x80-\xbf]{3})|[\x80-\xff]/\1/g' \
		-e 's/\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]//g'
}

say() { printf '%s\n' "$*" | plain >&2; }
fail() { # CODE WORDS...: one sentence with what, where and the remedy
	local code=$1
	shift
	say "quickstart: $*"
	exit "$code"
}

case $users_locale in
*[Uu][Tt][Ff]*8*) tick='✓' cross='✗' ;;
*) tick='ok:' cross='failed:' ;;
esac

on_screen() { [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; } # it moves a cursor

# Run a command whose output is of interest only if it fails: it goes to LOG.
# It has a process group of its own, so that Ctrl-C reaches us alone, and at
# once.  $must_end: what must not be broken off.
step() { # WORDS LOG COMMAND...
	local words=$1 log=$2 from=$SECONDS rc=0 interrupted='' pid
	shift 2
	trap 'interrupted=130' INT
	trap 'interrupted=143' TERM
	trap 'interrupted=129' HUP
	set -m
	if [ $verbose = 1 ]; then
		say "$words"
		{ "$@" 2>&1 </dev/null | tee -- "$log" | plain >&2; } &
	else
		! on_screen || printf '  %s%s ...' "$words" "${hint-}" >&2
		"$@" >"$log" 2>&1 </dev/null &
	fi
	pid=$!
	set +m
	wait $pid 2>/dev/null || rc=$?
	while [ -n "$interrupted" ] && kill -0 $pid 2>/dev/null; do
		! on_screen || printf '\r\033[K' >&2
		if [ -n "${must_end-}" ]; then
			say "waiting for $must_end to end: broken off it would leave packages half installed"
		else
			kill -TERM -- -$pid 2>/dev/null || true
		fi
		wait $pid 2>/dev/null || true
	done
	trap - INT TERM HUP
	[ -z "$interrupted" ] || {
		say "interrupted while $words; run the command again to go on"
		exit "$interrupted"
	}
	! on_screen || printf '\r\033[K' >&2
	if [ $rc = 0 ]; then
		say "$tick $words ($((SECONDS - from)) s)"
	else
		say "$cross $words"
	fi
	return $rc
}

# The part of a log that says why: errors with what belongs to them.
show_errors() { # LOG
	[ $verbose = 0 ] || return 0 # all of it was shown
	if grep -qE '(error|undefined reference)[: ]' "$1"; then
		grep -E -A 3 '(error|undefined reference)[: ]' "$1" |
			head -n 20 | plain >&2
	else
		tail -n 20 "$1" | plain >&2
	fi
}

# On a terminal.  Whoever does not say yes ends the script.
ask_yes() { # QUESTION
	local answer='' default=n
	[[ $1 != *'[Y/'* ]] || default=y
	trap 'echo >&2; say "nothing was changed"; exit 130' INT
	# In a shell of its own, which Ctrl-C ends whenever it comes: read here
	# would go on if it came between the question and the waiting for it.
	answer=$(read -r -p "$1 " answer && printf '%s' "$answer") || { # Ctrl-D
		echo >&2
		default=n
	}
	trap - INT
	case ${answer:-$default} in
	[Yy]*) ;;
	*)
		say "nothing was changed"
		exit 1
		;;
	esac
}
