// Its password is neither in an argument nor in what Docker shows.
db.getSiblingDB('admin').auth('admin', require('fs').readFileSync('{data}/admin', 'utf8'));
