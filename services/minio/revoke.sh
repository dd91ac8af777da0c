sh -eu /mooring/mc.sh admin user info here '{user}' >/dev/null 2>&1 </dev/null || exit 0
sh -eu /mooring/mc.sh admin user remove here '{user}' </dev/null
