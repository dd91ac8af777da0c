# The one user that everything may be done by, for what is run in the container; nobody is let in without a password.
umask 077
head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >/data/admin
hash=$(sha256sum </data/admin | cut -d ' ' -f 1)
printf 'user default off\nuser admin on #%s ~* &* +@all\n' "$hash" >/data/users.acl
