sh -eu /mooring/ask.sh GET /_plugins/_security/api/internalusers </dev/null | grep -q '"{user}"' || exit 0
sh -eu /mooring/ask.sh DELETE '/_plugins/_security/api/internalusers/{user}' </dev/null
