#!/bin/sh
# Prints the Lua scripts as C strings with their SHA-1, for redis/script.c.
# Usage: lua_texts.sh DIR FILE...
#
# common.lua stands in front of each of the others, and the parts that a line
# "-- uses: NAME ..." asks for; a first line "#!lua flags=..." stays first.
# Comments and indents stay out: Redis keeps the texts in memory.
set -eu
dir=$1
shift
quote() {
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$/\\n"/'
}
lean() {
	sed -e '/^#!/d' -e '/^[[:space:]]*--/d' -e 's/^[[:space:]]*//' \
		-e '/^$/d' "$@"
}
text() {
	sed -n '1{/^#!/p;}' "$dir/$1.lua"
	lean "$dir/common.lua"
	for part in $(sed -n 's/^-- uses: //p' "$dir/$1.lua"); do
		lean "$dir/part_$part.lua"
	done
	lean "$dir/$1.lua"
}
echo '/* Made from redis/lua by redis/lua_texts.sh. */'
for file; do
	name=$(basename "$file" .lua)
	case $name in common | part_*) continue ;; esac
	echo "static const char LUA_${name}[] ="
	text "$name" | quote
	echo '	;'
	sha=$(text "$name" | sha1sum)
	echo "#define SHA_${name} \"${sha%% *}\""
done
