# How many keys there are in each of its databases, without those that go by themselves.
echo INFO keyspace | sh /mooring/ask.sh | tr -d '\r' | awk -F '[:=,]' '/^db/ { print $1, $3 - $5 }'
