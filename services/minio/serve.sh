# Its password is not in what Docker shows.
MINIO_ROOT_USER=admin
MINIO_ROOT_PASSWORD=$(cat {data}/admin)
export MINIO_ROOT_USER MINIO_ROOT_PASSWORD
exec minio server --address=:{port} {data}/drive
