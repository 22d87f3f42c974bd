# shellcheck shell=bash
# What root does not use: folders, links and files that others made, or can
# change.
# shellcheck disable=SC2154 # here, state, ...: deploy/quickstart

# The first thing of the state that root must not use: a link, or what another
# user made; workers' users only where they belong.  Into redis/ and log/ root
# does not write.
foreign_part() {
	local part parts=() users=(-user 0) user theirs
	theirs=$(id -u -- "$DEBIANS_REDIS" 2>/dev/null) || theirs=0
	for user in "$worker" "$former_worker" "$web"; do
		user=$(id -u -- "$user" 2>/dev/null) || continue
		users+=(-o -user "$user")
	done
	for part in "${STATE_PARTS[@]}"; do
		{ [ ! -e "$state/$part" ] && [ ! -L "$state/$part" ]; } ||
			parts+=("./$part")
	done
	(cd -- "$state" && find "${parts[@]}" \
		\( -path './redis/*' -o -path './log/*' -o -path './nginx/*/*' \) -prune -o \
		\( -type l -o ! -user 0 ! \( \
		\( -path './secrets/*' -o -path './config/*' -o -path './nginx/*' \
		-o -path ./edge.sock -o -path ./redis -o -path ./log \) \
		\( "${users[@]}" \) \) ! \( -path ./redis -user "$theirs" \) \) -print -quit 2>/dev/null) || true # one went
}

# Who owns this script could have root do anything: theirs may be the folders,
# too.
is_trusted() { # UID
	[ "$1" = 0 ] || [ "$1" = "$(stat -Lc %u -- "$here/deploy/quickstart")" ]
}

# Can others put something else in the place of what is in the folder ${1}?
# In a sticky one they cannot, of what is not theirs.  Whose the state is, is
# looked at elsewhere.
is_others_folder() { # FOLDER
	local mode owner user group sticky=01000
	read -r mode owner user group < <(stat -c '%a %u %U %G' -- "$1")
	if [ "$1" -ef "$state" ]; then
		sticky=0
	elif ! is_trusted "$owner"; then
		return 0
	fi
	mode=$((8#$mode))
	((!(mode & sticky))) || return 1
	((mode & 02)) || { ((mode & 020)) &&
		[ "$(own_group "$user" 2>/dev/null)" != "$group" ]; }
}

# All goes by the state's path: each folder and link on the way to it must stay
# what it is.  As the kernel goes; what is not there yet ends it.
may_trust_path() {
	local at=/ rest=${state#/} part to links=0
	while :; do
		! is_others_folder "$at" ||
			fail 1 "other users can change $at (it belongs to" \
				"$(stat -c '%U, mode %a' -- "$at")), so root uses" \
				"no state there: choose another folder with" \
				"--state; or, if it is to be root's alone, first" \
				"run: chown root: $(printf '%q' "$at") && chmod go-w" \
				"$(printf '%q' "$at")"
		part=${rest%%/*}
		[ -n "$rest" ] || break
		rest=${rest#"$part"} rest=${rest#"${rest%%[!/]*}"}
		case $part in
		'' | .) continue ;;
		..) at=$(dirname -- "$at") && continue ;;
		esac
		to=${at%/}/$part
		if [ -L "$to" ]; then
			is_trusted "$(stat -c %u -- "$to")" ||
				fail 1 "$to belongs to $(stat -c %U -- "$to")," \
					"and root uses nothing that another user" \
					"made: choose another folder with --state"
			[ $((links += 1)) -le 40 ] || fail 1 "$to: too many links"
			to=$(readlink -- "$to")
			[[ $to != /* ]] || at=/
			rest=${to#"${to%%[!/]*}"}${rest:+/$rest}
		elif [ -d "$to" ]; then
			at=$to
		else
			break
		fi
	done
}

# What another user has begun could hold a trap: settings are sourced, links
# would lead elsewhere, and the key may be known.
may_trust_state() {
	local owner part
	[ "$(id -u)" != 0 ] || may_trust_path
	[ -e "$state/.dragoman" ] || [ -L "$state/.dragoman" ] || return 0
	owner=$(stat -Lc %U -- "$state") || return 0
	if [ "$(id -u)" != 0 ]; then
		[ -O "$state/" ] || [ "$owner" = root ] ||
			fail 1 "$state belongs to $owner: run this as that user"
		return 0
	fi
	[ "$owner" != root ] || [ ! -L "$state" ] ||
		owner=$(stat -c %U -- "$state")
	[ "$owner" = root ] ||
		fail 1 "$state belongs to $owner, and root uses nothing that" \
			"another user made. Run this as $owner; or, if you trust" \
			"its files and it is to be root's from now on, first run:" \
			"chown -hR root: $(printf '%q' "$state")"
	part=$(foreign_part)
	[ -n "$part" ] || return 0
	part=${part#./}
	owner=$(stat -c %U -- "$state/$part")
	[ ! -L "$state/$part" ] ||
		fail 1 "$state/$part is a link (of $owner), and root follows" \
			"none: put a file or folder of root in its place"
	fail 1 "$state/$part belongs to $owner, and root uses nothing that" \
		"another user made. Remove it; or, if you trust it, first run:" \
		"chown -hR root: $(printf '%q' "$state/$part")"
}
