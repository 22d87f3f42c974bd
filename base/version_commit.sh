#!/bin/sh
# Prints the commit that the source in TOP is: "1a2b3c4d5e6f", then ".changed"
# where tracked files of it were changed.  A distribution has no .git, but the
# file version_commit, which `make dist` writes; where neither is, nothing is
# printed.  --header: as a C macro that begins with +.
#
#   sh base/version_commit.sh [--header] TOP
set -eu
header=
[ "$1" != --header ] || { header=1; shift; }
top=$1

# The one of TOP alone: a distribution may lie unpacked in another's clone.
# Whoever builds may be another than who cloned.
in_git() { GIT_OPTIONAL_LOCKS=0 git -c safe.directory='*' -C "$top" "$@" 2>/dev/null; }

commit=
if [ -e "$top/.git" ]; then
	commit=$(in_git rev-parse --short=12 HEAD) || commit=
	[ -z "$commit" ] || in_git diff --quiet HEAD -- ||
	    commit=$commit.changed
elif [ -f "$top/version_commit" ]; then
	read -r commit <"$top/version_commit" || true
fi
case $commit in
*[!0-9a-z.]*) commit= ;;
esac
if [ -n "$header" ]; then
	printf '#define VERSION_COMMIT "%s"\n' "${commit:++$commit}"
else
	printf '%s\n' "$commit"
fi
