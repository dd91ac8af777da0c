# METHOD PATH: what the server answers the user that may do everything; for a PUT its body is on standard input.
method=$1 path=$2
set -- --silent --show-error --fail --netrc-file {data}/netrc --request "$method"
[ "$method" != PUT ] || set -- "$@" --header 'Content-Type: application/json' --data-binary @-
exec curl "$@" "http://127.0.0.1:{port}$path"
