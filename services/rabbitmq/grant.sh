sh -eu /mooring/define.sh <<'JSON'
{
    "users": [{"name": "{user}", "password": "{password}", "tags": ""}],
    "permissions": [{"user": "{user}", "vhost": "{database}", "configure": ".*", "write": ".*", "read": ".*"}]
}
JSON
