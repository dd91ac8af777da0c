sh -eu /mooring/ask.sh PUT /_security/role/app <<'JSON'
{
    "cluster": ["monitor", "manage_index_templates", "manage_ingest_pipelines", "manage_ilm"],
    "indices": [{"names": ["*"], "privileges": ["all"]}]
}
JSON
sh -eu /mooring/ask.sh PUT '/_security/user/{user}' <<'JSON'
{"password": "{password}", "roles": ["app"]}
JSON
