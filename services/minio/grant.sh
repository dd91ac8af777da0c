# Anew, since a policy that a user has is refused.
! sh -eu /mooring/mc.sh admin user info here '{user}' >/dev/null 2>&1 </dev/null ||
    sh -eu /mooring/mc.sh admin user remove here '{user}' </dev/null
sh -eu /mooring/mc.sh admin user add here <<'KEYS'
{user}
{password}
KEYS
sh -eu /mooring/mc.sh admin policy attach here readwrite --user='{user}' </dev/null
