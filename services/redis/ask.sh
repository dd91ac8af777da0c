# Its console, as the user that may do everything: its password is neither in an argument nor in what Docker shows.
REDISCLI_AUTH=$(cat /data/admin)
export REDISCLI_AUTH
exec redis-cli --user admin --no-auth-warning "$@"
