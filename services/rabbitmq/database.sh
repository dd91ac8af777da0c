sh -eu /mooring/define.sh <<'JSON'
{"vhosts": [{"name": "{database}"}]}
JSON
