# The one user that everything may be done by, made while nobody but this script reaches the server.
umask 077
head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >{data}/admin
mkdir {data}/db
mongod --dbpath={data}/db --bind_ip=127.0.0.1 --port={port} --fork --logpath=/tmp/init.log
cat >/tmp/init.js <<'JS'
const password = require('fs').readFileSync('{data}/admin', 'utf8');
db.createUser({user: 'admin', pwd: password, roles: [{role: 'root', db: 'admin'}]});
JS
mongosh --quiet --norc --file=/tmp/init.js mongodb://127.0.0.1:{port}/admin
mongod --dbpath={data}/db --shutdown
