#!/bin/sh
# Runs at every start of the container, never at its build: config vars are known here.
set -e
echo "run.sh: starting ${MOORING_RELEASE:-} with GREETING=${GREETING:+set}"
printf '<?php return %s;\n' "'$(date -u +%FT%TZ)'" > /app/started.php
# A clean end: apache2 stops gracefully on SIGWINCH, Mooring sends SIGTERM.
exec apache2ctl -D FOREGROUND
