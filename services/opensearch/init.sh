# The password of the user that everything may be done by: for the server, and as curl reads it. One without a capital
# letter, or a sign, it would refuse.
umask 077
mkdir {data}/server
{
    printf 'Aa1-'
    head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'
} >{data}/admin
printf 'machine 127.0.0.1 login admin password %s\n' "$(cat {data}/admin)" >{data}/netrc
