rabbitmqctl --quiet list_users --no-table-headers </dev/null | grep -q '^{user}[[:space:]]' || exit 0
rabbitmqctl --quiet delete_user '{user}' </dev/null
rabbitmqctl --quiet close_all_user_connections '{user}' 'it is not linked any more' </dev/null
