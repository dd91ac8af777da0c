# All of it on standard output, as an RDB file.
exec sh /mooring/ask.sh --rdb - 2>/dev/null
