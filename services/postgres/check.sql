-- How many rows there are in each table.
SELECT format('%s.%s %s', schemaname, tablename, (xpath('/row/c/text()', query_to_xml(
    format('SELECT count(*) AS c FROM %I.%I', schemaname, tablename), false, true, '')))[1])
FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1;
