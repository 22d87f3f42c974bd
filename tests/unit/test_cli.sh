#!/bin/sh
# The dragoman command without a server: init, config, keys, exit codes, and
# that the manual page and the completion name every command and option.
set -u
srcdir=${srcdir:-.}
dragoman=${DRAGOMAN:-./dragoman}
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
failed=0
unset DRAGOMAN_CONFIG CONFIG_PATH DRAGOMAN_URL NO_COLOR LOG_LEVEL
unset DRAGOMAN_STATE DRAGOMAN_QUICKSTART

# expect CODE TEXT COMMAND...: the exit code, and what is said on either output
expect() {
	code=$1 text=$2
	shift 2
	out=$("$@" 2>&1)
	rc=$?
	if [ "$rc" != "$code" ] || ! printf %s "$out" | grep -qF -- "$text"; then
		echo "FAIL: $*: exit $rc (not $code), or no \"$text\" in: $out"
		failed=1
	fi
}

expect 2 "usage: dragoman" "$dragoman"
expect 0 "usage: dragoman" "$dragoman" --help
expect 0 "--dry-run" "$dragoman" help turns
expect 0 "dragoman " "$dragoman" version
expect 0 '{"version":"' "$dragoman" --json --version
expect 2 'there is no command "bogus"' "$dragoman" bogus
expect 2 "dragoman turns list" "$dragoman" turns
expect 2 "turns what? dragoman help turns lists" "$dragoman" turns
expect 2 'there is no command "turns bogus"; dragoman help turns' "$dragoman" turns bogus
expect 2 'there is no command "bogus"' "$dragoman" help bogus
expect 2 'there is no command "bogus"' "$dragoman" bogus --help
expect 0 '[{"name":"init"' "$dragoman" --json --help
expect 0 '[{"name":"turns list"' "$dragoman" --json turns --help
expect 0 '"options":"--set ' "$dragoman" --json help config show
expect 2 '{"error":"no command was given' "$dragoman" --json
expect 2 "there is no option --bogus" "$dragoman" turns list --bogus
expect 2 "--max: expected a whole number" "$dragoman" turns list --max many
expect 2 "--config needs a value" "$dragoman" config check --config
expect 2 "usage: dragoman turns show CHAT" "$dragoman" turns show

expect 0 "made $T/etc/encryption_key" "$dragoman" init "$T/etc"
expect 1 "is there already" "$dragoman" init "$T/etc"
expect 0 "dragoman:  ($T/etc/dragoman.yaml" "$dragoman" --config "$T/etc" config show --set
for f in encryption_key proxy_secret; do
	[ "$(stat -c %a "$T/etc/$f")" = 600 ] || { echo "FAIL: mode of $f"; failed=1; }
done
expect 0 "right: $T/etc/dragoman.yaml" "$dragoman" --config "$T/etc" config check
expect 0 '"ok":true' "$dragoman" --json --config "$T/etc" config check
expect 0 "(set)" "$dragoman" --config "$T/etc" config show --set
if "$dragoman" --config "$T/etc" config show --json | grep -qF -e "$(cat "$T/etc/proxy_secret")" -e "$(cat "$T/etc/encryption_key")"; then
	echo "FAIL: config show tells a secret"
	failed=1
fi

# A reader that leaves is no failure, a full disk is one, and said.
cut=$(bash -c 'set -o pipefail; "$1" --config "$2" config show | head -n 1; echo "rc $?"' \
	- "$dragoman" "$T/etc" 2>&1)
case $cut in
chat.host*"rc 0") ;;
*) echo "FAIL: config show | head: $cut"; failed=1 ;;
esac
for json in "" --json; do
	expect 1 "standard output takes no more" sh -c \
		"'$dragoman' $json --config '$T/etc' config show 2>&1 >/dev/full"
done

printf 'chat:\n  hots: groq\n  max_history: -1\n' >"$T/bad.yaml"
expect 2 "bad.yaml:2: chat.hots: is not a setting; did you mean chat.host?" \
	"$dragoman" --config "$T/bad.yaml" config check
expect 2 "bad.yaml:3: chat.max_history: expected a whole number from 0 to 1000" \
	"$dragoman" --config "$T/bad.yaml" config check
expect 2 "configuration is not valid" "$dragoman" --config "$T/bad.yaml" turns list
expect 2 '"ok":false' "$dragoman" --json --config "$T/bad.yaml" config check

# What follows from an error is none of its own; the variable's name is known.
printf 'CHAT_HOST: groq\nencryption_key_file: none\n' >"$T/bad2.yaml"
expect 2 "bad2.yaml:1: CHAT_HOST: is not a setting; did you mean chat.host?" \
	"$dragoman" --config "$T/bad2.yaml" config check
expect 2 "bad2.yaml:2: encryption_key: the file that is named there cannot be read" \
	"$dragoman" --config "$T/bad2.yaml" config check
[ "$("$dragoman" --config "$T/bad2.yaml" config check | wc -l)" = 2 ] ||
	{ echo "FAIL: more than two errors of bad2.yaml"; failed=1; }
out=$(env CHAT_HOST=nobody LLM_MODEL=m "$dragoman" --config "$T/etc" config check)
case $out in
*warning*) echo "FAIL: a warning that follows from an error: $out"; failed=1 ;;
esac

# The environment wins over a file that is not there any more.
expect 0 "right: " env PROXY_SECRET=one PROXY_SECRET_FILE="$T/gone" \
	"$dragoman" --config "$T/etc" config check
expect 0 "environment PROXY_SECRET)" env PROXY_SECRET=one PROXY_SECRET_FILE="$T/gone" \
	CREDENTIALS_DIRECTORY="$T/etc" "$dragoman" --config "$T/etc" config show
expect 0 "(PROXY_SECRET_FILE)" env PROXY_SECRET_FILE="$T/etc/encryption_key" \
	CREDENTIALS_DIRECTORY="$T/etc" "$dragoman" --config "$T/etc" config show
expect 0 "(credential proxy_secret)" env CREDENTIALS_DIRECTORY="$T/etc" \
	"$dragoman" --config "$T/etc" config show

# No password of an address is shown, right or wrong.
cat >"$T/urls.yaml" <<-TEXT
	encryption_key_file: etc/encryption_key
	chat: {memcp_url: "http://u:planted1@h"}
	llm: {base_url: "https://u:planted2@h/v1"}
	redis: {url: "redis://:planted3@h"}
	mcp:
	  servers: {a: {url: "https://u:planted4@h/mcp?token=planted5", headers: {A: planted6}}}
TEXT
expect 0 '"url":"https://(set)@h/mcp?(set)"' "$dragoman" --config "$T/urls.yaml" config show
expect 2 'found "htps://(set)@h"' env LLM_BASE_URL=htps://u:planted7@h \
	"$dragoman" --config "$T/urls.yaml" config check
if { "$dragoman" --config "$T/urls.yaml" config show
	"$dragoman" --config "$T/urls.yaml" --json config show
	LLM_BASE_URL=htps://u:planted7@h REDIS_URL=rediss://u:planted8@h \
		"$dragoman" --config "$T/urls.yaml" config check
	OLLAMA_URL='ftp://u:pl#planted9@h' LLM_BASE_URL='htps://h/?key=planted10' \
		"$dragoman" --config "$T/urls.yaml" config check
	for url in 'redis://se#planted11@h' redis://planted12@h \
		redis:u:planted13@h; do
		REDIS_URL=$url LLM_BASE_URL='https://u:s#planted14@h/' \
			MEMCP_URL='https://h/?key=planted15' \
			"$dragoman" --config "$T/urls.yaml" config show
	done
} | grep planted; then
	echo "FAIL: a password of an address is shown"
	failed=1
fi

expect 2 "say which step" "$dragoman" --config "$T/etc" keys rotate
# The file that the configuration names may be a link to where keys are kept.
mv "$T/etc/encryption_key" "$T/kept_key"
ln -s ../kept_key "$T/etc/encryption_key"
expect 1 "there is one key only" "$dragoman" --config "$T/etc" keys rotate --activate
old=$("$dragoman" --config "$T/etc" keys list | sed -n 's/^ *1\. \([0-9a-f]*\) .*/\1/p')
expect 0 "kill -HUP \$(cat '$T/state/supervisor.pid')" \
	env DRAGOMAN_STATE="$T/state" "$dragoman" --config "$T/etc" keys rotate --prepare
expect 0 "1. $old  encrypts and decrypts" "$dragoman" --config "$T/etc" keys list
# Which key is the newer one, Redis knows.
expect 3 "Redis does not answer" env REDIS_URL="unix://$T/none.sock" \
	"$dragoman" --config "$T/etc" keys rotate --activate
expect 0 "1. $old  encrypts and decrypts" "$dragoman" --config "$T/etc" keys list
expect 2 "must be in a file" env ENCRYPTION_KEY="$(cut -d, -f1 "$T/etc/encryption_key")" \
	"$dragoman" --config "$T/etc" keys rotate --prepare
if [ ! -L "$T/etc/encryption_key" ] || ! grep -q , "$T/kept_key"; then
	echo "FAIL: a link to the key was replaced"
	failed=1
fi
[ "$(stat -c %a "$T/kept_key")" = 600 ] || { echo "FAIL: mode after rotation"; failed=1; }

# Nobody there: 3.
expect 3 "Redis does not answer" env REDIS_URL="unix://$T/none.sock" \
	"$dragoman" --config "$T/etc" turns list
expect 3 "nobody answers at http://127.0.0.1:9" sh -c \
	"echo hello | '$dragoman' --config '$T/etc' chat --url http://127.0.0.1:9"
expect 2 "does not answer at redis.url" env REDIS_URL="unix://$T/none.sock" \
	"$dragoman" --config "$T/etc" doctor --url http://127.0.0.1:9
expect 2 '"level":"error"' env REDIS_URL="unix://$T/none.sock" \
	"$dragoman" --json --config "$T/etc" doctor --url http://127.0.0.1:9

# offers N WORDS BEGINNING: what bash offers for the Nth word
offers() {
	bash -c '. "$1"; COMP_WORDS=($3 "$4"); COMP_CWORD=$2; _dragoman; printf "%s\n" "${COMPREPLY[@]}"' \
		- "$srcdir/cli/completion/dragoman" "$@"
}

# The options of a command, without those of the commands below it.
options_of() {
	"$dragoman" help "$@" |
		awk -v n="$*" '/^usage: / { ours = $0 !~ ("^usage: dragoman " n " [a-z]") } ours' |
		grep -o -- '^  --[a-z-]*'
}

# Every command is in the manual page and the completion, every option too.
"$dragoman" help --json | tr '{' '\n' | sed -n 's/.*"name":"\([^"]*\)".*/\1/p' >"$T/commands"
[ "$(wc -l <"$T/commands")" -ge 15 ] || { echo "FAIL: help --json"; failed=1; }
sed 's/\\-/-/g; s/\\f.//g; s/"//g' "$srcdir/cli/dragoman.1" >"$T/man"
while read -r name; do
	grep -q "^\.[BI]*.*\b$name\b" "$T/man" ||
		{ echo "FAIL: the manual page lacks $name"; failed=1; }
	for word in $name; do
		grep -qw "$word" "$srcdir/cli/completion/dragoman" ||
			{ echo "FAIL: the completion lacks $word"; failed=1; }
	done
	for option in $(options_of $name); do
		grep -qe "$option" "$T/man" ||
			{ echo "FAIL: the manual page lacks $option"; failed=1; }
		grep -qe "$option" "$srcdir/cli/completion/dragoman" ||
			{ echo "FAIL: the completion lacks $option"; failed=1; }
	done
	# Completed by bash itself: each word, then each option.
	words=dragoman i=1
	for word in $name; do
		offers $i "$words" "${word%?}" | grep -qx -- "$word" ||
			{ echo "FAIL: $words ${word%?}<TAB> lacks $word"; failed=1; }
		words="$words $word" i=$((i + 1))
	done
	for option in $(options_of $name) \
		--config --env-file --json --no-color --help; do
		offers $i "$words" -- | grep -qx -e "$option" ||
			{ echo "FAIL: $words --<TAB> lacks $option"; failed=1; }
	done
done <"$T/commands"
for option in $("$dragoman" help | grep -o -- '^  --[a-z-]*'); do
	grep -qe "$option" "$T/man" ||
		{ echo "FAIL: the manual page lacks $option"; failed=1; }
done
bash -n "$srcdir/cli/completion/dragoman" || failed=1

[ "$failed" = 0 ] && echo "all as expected"
exit "$failed"
