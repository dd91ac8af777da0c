// The collections of the fresh database take their places, one after the other; what the dump has not is dropped.
const fresh = db.getSiblingDB(process.env.FRESH), database = db.getSiblingDB(process.env.DATABASE);
const found = fresh.getCollectionInfos().filter(each => !each.name.startsWith('system.'));
if (!found.length) throw new Error('there is nothing in it');
const names = found.map(each => each.name);
for (const each of database.getCollectionInfos().filter(each => !each.name.startsWith('system.')))
    if (each.type === 'view' || !names.includes(each.name)) database.getCollection(each.name).drop();
for (const each of found.filter(each => each.type !== 'view')) {
    const [from, to] = [fresh, database].map(where => where.getName() + '.' + each.name);
    const done = db.adminCommand({renameCollection: from, to: to, dropTarget: true});
    if (done.ok !== 1) throw new Error(done.errmsg);
}
for (const each of found.filter(each => each.type === 'view'))
    database.createView(each.name, each.options.viewOn, each.options.pipeline);
fresh.dropDatabase();
