# The password of the user that everything may be done by.
umask 077
mkdir {data}/drive
head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >{data}/admin
