#!/bin/sh
# Runs at every start of the app: after a push, a config change, a crash and a reboot.
echo "hello: release ${MOORING_RELEASE:-unknown} starts on port ${PORT:-8080}"
exec perl /hello.pl
