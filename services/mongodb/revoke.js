// A connection of a user that is gone is not let do anything any more.
{
    const database = db.getSiblingDB('{database}');
    if (database.getUser('{user}')) database.dropUser('{user}');
    db.adminCommand({killAllSessionsByPattern: [{users: [{user: '{user}', db: '{database}'}]}]});
}
