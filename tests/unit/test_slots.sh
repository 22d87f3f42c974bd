#!/bin/sh
# The tests of redis/ once more, on a Redis that is a cluster: it refuses what
# touches keys of two hash slots, in a command and inside a script.  One node
# has all slots; test_nodes has two, of which each refuses the other's keys.
set -u
failed=0
for t in access breaker budget chats damage due fleet inbox journal keys learned \
    ledger process task wake work; do
	# Alone, by its name, it finds none of them made.
	[ -x "tests/unit/test_$t" ] || make -s "tests/unit/test_$t" || exit 1
	DRAGOMAN_TEST_CLUSTER=1 "./tests/unit/test_$t" >"test_slots.$$" 2>&1
	rc=$?
	[ $rc != 77 ] || { rm -f "test_slots.$$"; exit 77; } # no redis-server
	if [ $rc != 0 ]; then
		echo "FAIL: test_$t on a cluster"
		tail -n 40 "test_slots.$$"
		failed=1
	fi
done
rm -f "test_slots.$$"
exit $failed
