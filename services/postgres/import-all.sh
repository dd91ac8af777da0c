# Restores pg_dumpall's dump of all databases and roles into this server, which has none but its own.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The role that every server has comes first of all.
awk '!begun && $0 == "CREATE ROLE postgres;" { begun = 1; next } { print }' |
    psql -Xq --set=ON_ERROR_STOP=1 --output=/dev/null postgres 2>"$work/said" || {
    grep -m 1 -E 'ERROR|FATAL|PANIC|error' "$work/said" >&2 || tail -n 1 "$work/said" >&2
    exit 1
}
# What it knows of the data, to plan by, is in no dump.
vacuumdb --all --analyze-only --quiet
