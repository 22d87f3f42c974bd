#!/bin/sh
# The quickstart's table of processes fits the supervisor on any machine.
set -u
top=$(cd "${srcdir:-.}" && pwd -P)
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
failed=0
room=$(sed -n 's/^#define PROCESSES_MAX \([0-9]*\)$/\1/p' "$top/deploy/process.h")
# shellcheck disable=SC2016
sed -n '/^workers_max=/,/^}/p' "$top/deploy/quickstart.d/settings.sh" >"$T/part"

each_of() { # CPUS: as the quickstart counts there
	printf '#!/bin/sh\necho %s\n' "$1" >"$T/nproc"
	chmod +x "$T/nproc"
	PATH=$T:$PATH bash -c '. "$0"; workers_of_each' "$T/part"
}

while read -r cpus wanted; do
	each=$(each_of "$cpus")
	[ "$each" = "$wanted" ] ||
		{ echo "FAIL: $cpus CPUs: $each of each, not $wanted"; failed=1; }
	# and nginx and Redis
	[ $((2 * each + 2)) -le "$room" ] ||
		{ echo "FAIL: $cpus CPUs: no room for $each of each"; failed=1; }
done <<END
1 1
2 1
3 2
8 4
31 16
32 16
63 16
64 16
1024 16
END
[ "$failed" = 0 ] && echo "all as expected"
exit "$failed"
