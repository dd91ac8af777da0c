# Runs the script on standard input, as the user that may do everything. From a file it ends at the first error.
umask 077
file=$(mktemp --suffix=.js)
trap 'rm -f "$file"' EXIT
cat >"$file"
mongosh --quiet --norc --file=/mooring/login.js --file="$file" mongodb://127.0.0.1:{port}/admin
