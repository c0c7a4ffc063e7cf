#!/bin/sh
# Installs the mosquitto broker where it is missing and this user may install packages.
# Never fails: without a broker the tests that need one say so and are skipped.
set -u

PATH="$PATH:/usr/sbin:/sbin"
command -v mosquitto >/dev/null && exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    as_root=none
fi

if [ "$as_root" != none ] && command -v apt-get >/dev/null; then
    echo "mosquitto is missing: installing it"
    $as_root env DEBIAN_FRONTEND=noninteractive \
        sh -c 'apt-get update -qq && apt-get install -qq --no-install-recommends mosquitto mosquitto-clients' >/dev/null &&
        command -v mosquitto >/dev/null && exit 0
fi

echo "No mosquitto broker: the tests that need one are skipped. Install it with your package manager" \
    "(Debian, Ubuntu: apt install mosquitto)." >&2
exit 0
