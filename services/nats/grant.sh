umask 077
echo '{user: "{user}", password: "{password}"}' >{data}/users/{user}
sh -eu /mooring/reload.sh
