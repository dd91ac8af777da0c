# By itself it takes half of the memory that there is.
[ {most_data} -gt 0 ] || export ES_JAVA_OPTS='-Xms512m -Xmx512m'
exec /usr/local/bin/docker-entrypoint.sh eswrapper
