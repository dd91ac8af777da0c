# Takes over the definitions on standard input (rabbitmq.com/docs/definitions), which rabbitmqctl reads from a file alone.
umask 077
file=$(mktemp)
trap 'rm -f "$file"' EXIT
cat >"$file"
rabbitmqctl --quiet import_definitions "$file" </dev/null
