#!/bin/sh
# configure names the Debian package of each library that is missing, all of
# them at once, and the quickstart installs each.
set -u
top=$(cd "${srcdir:-.}" && pwd -P)
if [ ! -x "$top/configure" ] || [ -e "$top/config.status" ]; then
	echo "skipped: needs a configure that was not run in its own folder"
	exit 77
fi
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
cd "$T" || exit 1
failed=0
packages="libfcgi-dev libcurl4-openssl-dev libjansson-dev libhiredis-dev libsodium-dev libyaml-dev libpcre2-dev"

# missing CACHE-VARIABLES TEXT: configure without these ends, saying so
missing() {
	out=$(env $1 "$top/configure" -q 2>&1)
	rc=$?
	if [ "$rc" = 0 ] || ! printf '%s\n' "$out" | grep -q "apt-get install $2\$"; then
		echo "FAIL: $1: exit $rc: $out"
		failed=1
	fi
}
missing "ac_cv_header_fcgiapp_h=no ac_cv_header_curl_curl_h=no ac_cv_header_jansson_h=no
	ac_cv_header_hiredis_hiredis_h=no ac_cv_header_sodium_h=no ac_cv_header_yaml_h=no ac_cv_header_pcre2_h=no" "$packages"
missing ac_cv_lib_yaml_yaml_parser_parse=no libyaml-dev

for package in $packages; do
	sed -n '/^packages=/,/)/p' "$top/deploy/quickstart.d/packages.sh" | grep -qw -e "$package" ||
		{ echo "FAIL: the quickstart does not install $package"; failed=1; }
done
[ "$failed" = 0 ] && echo "all as expected"
exit "$failed"
