// A database is there as soon as something is in it: {database} has nothing yet.
