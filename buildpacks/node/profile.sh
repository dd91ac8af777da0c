export PATH=$HOME/.node/bin:$HOME/node_modules/.bin:$PATH NODE_ENV=${NODE_ENV:-production} NODE_HOME=$HOME/.node
export npm_config_update_notifier=false pnpm_config_verify_deps_before_run=false
# How many workers the memory that the process may have is enough for, as Heroku counts it.
limit=$(cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null | head -n 1) || true
if [[ $limit =~ ^[0-9]{1,12}$ ]]; then
    [[ ${WEB_MEMORY:-} =~ ^[1-9][0-9]*$ ]] || WEB_MEMORY=512
    export WEB_MEMORY MEMORY_AVAILABLE=$((limit >> 20))
    export WEB_CONCURRENCY=${WEB_CONCURRENCY:-$((MEMORY_AVAILABLE > WEB_MEMORY ? MEMORY_AVAILABLE / WEB_MEMORY : 1))}
fi
unset limit
