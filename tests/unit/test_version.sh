#!/bin/sh
# The commit that a program names: of a clone, of a clone with changes, and of
# a distribution, which has no .git, wherever that lies.
set -u
script=$(cd "${srcdir:-.}" && pwd -P)/base/version_commit.sh
command -v git >/dev/null || { echo "skipped: needs git"; exit 77; }
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
failed=0

expect() { # WHAT WANTED ARGUMENT...
	what=$1 wanted=$2
	shift 2
	found=$(sh "$script" "$@") || found="exit $?"
	[ "$found" = "$wanted" ] ||
		{ echo "FAIL: $what: \"$found\", not \"$wanted\""; failed=1; }
}
in_clone() {
	git -c user.name=t -c user.email=t@localhost -c commit.gpgsign=false \
	    -C "$T/clone" "$@" >/dev/null
}

mkdir "$T/clone" "$T/clone/dist"
git init -q "$T/clone"
expect "no commit yet" "" "$T/clone"
echo a >"$T/clone/file"
in_clone add file
in_clone commit -m a
commit=$(git -C "$T/clone" rev-parse --short=12 HEAD)
expect "a clone" "$commit" "$T/clone"
expect "as a header" "#define VERSION_COMMIT \"+$commit\"" --header "$T/clone"
echo b >"$T/clone/new" # not tracked: it is what builds leave behind
expect "a clone with a new file" "$commit" "$T/clone"
echo b >"$T/clone/file"
expect "a clone with a change" "$commit.changed" "$T/clone"

# Unpacked in somebody's clone, which is not its own.
expect "a distribution without the file" "" "$T/clone/dist"
expect "as a header" '#define VERSION_COMMIT ""' --header "$T/clone/dist"
sh "$script" "$T/clone" >"$T/clone/dist/version_commit"
expect "a distribution" "$commit.changed" "$T/clone/dist"
echo 'a"; system("x' >"$T/clone/dist/version_commit"
expect "a file of something else" "" "$T/clone/dist"

[ "$failed" = 0 ] && echo "all as expected"
exit "$failed"
