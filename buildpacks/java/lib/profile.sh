# The environment of a Java process.
export JAVA_HOME=@JAVA_HOME@
export PATH="$JAVA_HOME/bin:$PATH"

# Where the app's memory is limited, the heap may have three quarters of that; else Java's own default, a quarter of the
# server's memory, stands. -Xmx or another percentage in JAVA_OPTS or JAVA_TOOL_OPTIONS wins.
limit=$(cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null | head -n 1)
if [[ $limit =~ ^[0-9]{1,15}$ ]]; then
    export JAVA_TOOL_OPTIONS="-XX:MaxRAMPercentage=75 ${JAVA_TOOL_OPTIONS:-}"
fi
unset limit

# JDBC knows no postgres://user:password@host/name.
if [[ ${DATABASE_URL:-} =~ ^(postgres|postgresql|mysql|mariadb)://([^:@/]*):([^@/]*)@([^/]+)/([^?]*)\??(.*)$ ]]; then
    kind=${BASH_REMATCH[1]}
    JDBC_DATABASE_USERNAME=${BASH_REMATCH[2]}
    JDBC_DATABASE_PASSWORD=${BASH_REMATCH[3]}
    JDBC_DATABASE_URL="jdbc:${kind/%postgres/postgresql}://${BASH_REMATCH[4]}/${BASH_REMATCH[5]}?user=$JDBC_DATABASE_USERNAME&password=$JDBC_DATABASE_PASSWORD${BASH_REMATCH[6]:+&${BASH_REMATCH[6]}}"
    export JDBC_DATABASE_URL JDBC_DATABASE_USERNAME JDBC_DATABASE_PASSWORD
    export SPRING_DATASOURCE_URL=${SPRING_DATASOURCE_URL:-$JDBC_DATABASE_URL}
    unset kind
fi
