sh -eu /mooring/ask.sh GET /_security/user </dev/null | grep -q '"{user}"' || exit 0
sh -eu /mooring/ask.sh DELETE '/_security/user/{user}' </dev/null
