DROP USER IF EXISTS '{user}'@'%';
KILL HARD USER '{user}'@'%';
