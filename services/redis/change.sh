# The commands on standard input; one that is refused is told by the status, which redis-cli does not.
said=$(sh /mooring/ask.sh)
case $said in
*ERR* | *NOAUTH* | *NOPERM* | *WRONGPASS* | *LOADING* | *onnect*)
    echo "$said" >&2
    exit 1
    ;;
esac
