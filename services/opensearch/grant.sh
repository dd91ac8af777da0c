sh -eu /mooring/ask.sh PUT /_plugins/_security/api/roles/app <<'JSON'
{
    "cluster_permissions": ["cluster_composite_ops", "cluster_monitor", "cluster_manage_index_templates"],
    "index_permissions": [{"index_patterns": ["*"], "allowed_actions": ["indices_all"]}]
}
JSON
sh -eu /mooring/ask.sh PUT '/_plugins/_security/api/internalusers/{user}' <<'JSON'
{"password": "{password}", "opendistro_security_roles": ["app"]}
JSON
