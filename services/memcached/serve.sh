# 64 MB, as it has by itself, or what a memory limit leaves it.
megabytes=$(({most_data} >> 20))
[ "$megabytes" -gt 0 ] || megabytes=64
exec memcached --port={port} --listen=0.0.0.0 --memory-limit="$megabytes"
