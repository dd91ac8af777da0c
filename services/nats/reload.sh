# Writes down who is let in, and has the server read it anew; who is not let in any more is disconnected.
umask 077
{
    echo 'users = ['
    echo "{user: \"nobody\", password: \"$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')\"}"
    cat {data}/users/* 2>/dev/null || true
    echo ']'
} >{data}/users.conf.new
mv {data}/users.conf.new {data}/users.conf
[ ! -e /tmp/nats.pid ] || kill -HUP "$(cat /tmp/nats.pid)"
