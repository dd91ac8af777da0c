rm -f {data}/users/{user}
sh -eu /mooring/reload.sh
