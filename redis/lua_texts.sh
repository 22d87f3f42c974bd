#!/bin/sh
# Prints the Lua scripts as C strings, for redis/script.c.
# Usage: lua_texts.sh DIR FILE...
#
# common.lua stands in front of each of the others (the clock and the check
# who holds a job are one text); a first line "#!lua flags=..." stays first.
set -eu
dir=$1
shift
quote() {
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$/\\n"/'
}
echo '/* Made from redis/lua by redis/lua_texts.sh. */'
for file; do
	name=$(basename "$file" .lua)
	[ "$name" = common ] && continue
	echo "static const char LUA_${name}[] ="
	{
		sed -n '1{/^#!/p;}' "$dir/$name.lua"
		cat "$dir/common.lua"
		sed '1{/^#!/d;}' "$dir/$name.lua"
	} | quote
	echo '	;'
done
