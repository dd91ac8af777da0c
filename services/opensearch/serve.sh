# The heap may have half of the memory limit, of which this is 70 %.
heap=$(({most_data} * 5 / 7 >> 20))
[ "$heap" -eq 0 ] || export OPENSEARCH_JAVA_OPTS="-Xms${heap}m -Xmx${heap}m"
OPENSEARCH_INITIAL_ADMIN_PASSWORD=$(cat {data}/admin)
export OPENSEARCH_INITIAL_ADMIN_PASSWORD
exec /usr/share/opensearch/opensearch-docker-entrypoint.sh opensearch
