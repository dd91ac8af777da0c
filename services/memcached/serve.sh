# 64 MB, as it has by itself, or what a memory limit leaves it.
megabytes=$(({most_data} >> 20))
[ "$megabytes" -gt 0 ] || megabytes=64
set -- --memory-limit="$megabytes"
{settings}
exec memcached "$@" --port={port} --listen=0.0.0.0
