# Its client, as the user that may do everything, who is found by the name `here`.
MC_HOST_here="http://admin:$(cat {data}/admin)@127.0.0.1:{port}"
MC_CONFIG_DIR=/tmp/mc
export MC_HOST_here MC_CONFIG_DIR
exec mc --quiet "$@"
