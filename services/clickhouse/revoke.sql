-- A connection of a user that is gone is not let do anything any more.
DROP USER IF EXISTS `{user}`;
KILL QUERY WHERE user = '{user}' SYNC FORMAT Null;
