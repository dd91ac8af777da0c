# How many rows there are in each table of a database.
ask() { mariadb --defaults-file=/mooring/my.cnf --skip-column-names --batch "$@"; }
ask --execute="SELECT CONCAT('SELECT ', QUOTE(table_name), ', COUNT(*) FROM \`', REPLACE(table_name, '\`', '\`\`'), '\`;')
    FROM information_schema.tables WHERE table_schema = '$1' AND table_type = 'BASE TABLE'" | ask "$1" | tr '\t' ' '
