# The one user that everything may be done by, from inside of the container; nobody is let in without a password.
umask 077
mkdir {data}/server {data}/backups
password=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
hash=$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)
cat >{data}/client.xml <<XML
<config>
    <host>127.0.0.1</host>
    <port>{port}</port>
    <user>admin</user>
    <password>$password</password>
</config>
XML
cat >{data}/users.xml <<XML
<clickhouse>
    <profiles><default></default></profiles>
    <quotas><default></default></quotas>
    <users>
        <admin>
            <password_sha256_hex>$hash</password_sha256_hex>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
            <access_management>1</access_management>
        </admin>
    </users>
</clickhouse>
XML
