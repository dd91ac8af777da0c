# By itself it indexes with two thirds of the memory that the whole server has.
[ {most_data} -eq 0 ] || export MEILI_MAX_INDEXING_MEMORY={most_data}
cd {data}
exec meilisearch --http-addr=0.0.0.0:{port} --db-path={data}/data.ms
