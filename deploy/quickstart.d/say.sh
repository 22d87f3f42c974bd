# shellcheck shell=bash
# What the user reads.  It goes to standard error: --exec leaves output alone.
# shellcheck disable=SC2154 # yes, verbose, users_locale: deploy/quickstart

verbose=0

say() { printf '%s\n' "$*" >&2; }
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
step() { # WORDS LOG COMMAND...
	local words=$1 log=$2 from=$SECONDS rc=0
	shift 2
	if [ $verbose = 1 ]; then
		say "$words"
		"$@" 2>&1 </dev/null | tee -- "$log" >&2 || rc=$?
	else
		! on_screen || printf '  %s%s ...' "$words" "${hint-}" >&2
		"$@" >"$log" 2>&1 </dev/null || rc=$?
		! on_screen || printf '\r\033[K' >&2
	fi
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
			head -n 20 >&2
	else
		tail -n 20 "$1" >&2
	fi
}

ask_yes() { # QUESTION: on a terminal; true if it was answered with yes
	local answer
	read -r -p "$1 " answer || return 1
	case $answer in
	'') [[ $1 == *'[Y/'* ]] ;;
	[Yy]*) ;;
	*) return 1 ;;
	esac
}
