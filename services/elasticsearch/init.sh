# The password of the user that everything may be done by: for the server, and as curl reads it.
umask 077
mkdir {data}/server
head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >{data}/admin
chmod 0400 {data}/admin
printf 'machine 127.0.0.1 login elastic password %s\n' "$(cat {data}/admin)" >{data}/netrc
