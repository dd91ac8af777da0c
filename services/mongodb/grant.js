{
    const database = db.getSiblingDB('{database}');
    const roles = ['readWrite', 'dbAdmin'].map(role => ({role: role, db: '{database}'}));
    if (database.getUser('{user}')) database.updateUser('{user}', {pwd: '{password}', roles: roles});
    else database.createUser({user: '{user}', pwd: '{password}', roles: roles});
}
