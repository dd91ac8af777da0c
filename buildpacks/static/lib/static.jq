# static.json, as Heroku's static buildpack has it, and what of nginx's configuration comes from it.

def known: ["root", "clean_urls", "https_only", "error_page", "routes", "redirects", "headers", "basic_auth", "logging"];
def ignored: [keys_unsorted[] | select(IN(known[]) | not)] | join(", ");

def is_path: type == "string" and test("^[A-Za-z0-9._~!&'()+,;=:@%/-]+$") and (test("(^|/)[.][.](/|$)") | not);
def is_pattern: test("^[A-Za-z0-9._~!&'()+,;=:@%/*-]+$");
def is_value: type == "string" and (test("[\\x00-\\x1f]") | not);
def patterns: (.routes, .redirects, .headers) // {} | keys_unsorted[];

# The first thing that is wrong; nothing where all is well.
def problem:
    [
        (("clean_urls", "https_only", "basic_auth") as $key | .[$key]
            | select(type != "boolean" and . != null) | "\($key) has to be true or false"),
        (("root", "error_page") as $key | .[$key]
            | select(. != null and (is_path | not)) | "\($key) has to be a path in the repository"),
        (("routes", "redirects", "headers", "logging") as $key | .[$key]
            | select(type != "object" and . != null) | "\($key) has to be an object")
    ] + (
        try [
            (patterns | select(is_pattern | not) | "'\(.)' cannot be a path"),
            (.routes // {} | to_entries[] | select(.value | is_path | not) | "the route \(.key) has to name a file"),
            (.redirects // {} | to_entries[]
                | select((.value | type) != "object" or (.value.url | is_value | not)) | "the redirect \(.key) has no url"),
            (.redirects // {} | to_entries[] | select(.value.status // 301 | IN(301, 302, 303, 307, 308) | not)
                | "the redirect \(.key) has the status \(.value.status); 301, 302, 303, 307 and 308 are the ones there are"),
            (.headers // {} | to_entries[] | select((.value | type) != "object") | "the headers of \(.key) have to be an object"),
            (.headers // {} | to_entries[] | .value | objects | to_entries[]
                | select((.key | test("^[A-Za-z0-9-]+$") | not) or (.value | is_value | not)) | "the header \(.key) has to be a line of text")
        ] catch []
    ) | first // empty;

def root: .root // "" | sub("^([.]/)+"; "") | sub("/+$"; "") | if . == "" then empty else . end;
def absolute: if startswith("/") then . else "/" + . end;

# `KEY FILE`: files that have to be there.
def files: (.error_page // empty | "error_page \(absolute)"), (.routes // {} | .[] | "routes \(absolute)");

def quoted: "\"" + (gsub("\\\\"; "\\\\") | gsub("\""; "\\\"") | gsub("[$]"; "${dollar}")) + "\"";

# `*` is anything but a slash, `**` anything.
def expression:
    absolute | [scan("[*][*]|.")] | map(
        if . == "**" then ".*" elif . == "*" then "[^/]*" elif test("[.()+]") then "[\(.)]" else . end
    ) | "^\(join(""))$";

def map_of(source; name; lines): "map \(source) \(name) {", (lines | "    " + .), "}";

def header_names: [.headers // {} | .[] | keys_unsorted[]] | unique_by(ascii_downcase);
def variable: "$header_" + (ascii_downcase | gsub("-"; "_"));
def sets_caching: any(header_names[]; ascii_downcase == "cache-control");

# Of several patterns the last one that matches decides, as on Heroku; nginx takes the first.
def maps:
    (if .routes then map_of("$path"; "$fallback";
        "default /.nothing;", (.routes | to_entries[] | "\"~\(.key | expression)\" \(.value | absolute | quoted);")) else empty end),
    (.headers // {} | to_entries | reverse) as $entries | (header_names[] as $name | map_of("$path"; $name | variable;
        "default \"\";",
        ($entries[] | .key as $path | .value | to_entries[] | select((.key | ascii_downcase) == ($name | ascii_downcase))
            | "\"~\($path | expression)\" \(.value | quoted);"))),
    map_of(if sets_caching then "$header_cache_control" else "\"\"" end; "$cache_control";
        "\"\" $caching;", (if sets_caching then "default $header_cache_control;" else empty end));

# $root: the folder; $page: has it a 404.html?
def server($root; $page):
    "root \(if $root == "." then "/app" else "/app/\($root)" | quoted end);",
    (if .https_only then "if ($http_x_forwarded_proto = http) { return 301 https://$host$request_uri; }" else empty end),
    (if .basic_auth then "auth_basic \"Restricted\";", "auth_basic_user_file /tmp/htpasswd;" else empty end),
    (if .logging.access == false then "access_log off;" else empty end),
    "add_header Cache-Control $cache_control;",
    (header_names[] | select(ascii_downcase != "cache-control") | "add_header \(.) \(variable) always;"),
    (if .error_page then "error_page 403 404 500 \(.error_page | absolute | quoted);"
     elif $page then "error_page 403 =404 /404.html;", "error_page 404 /404.html;" else empty end),
    "location ~ \"/[.](?!well-known(/|$))\" { return 404; }",
    (if $root == "." then
        "location ~ \"^/(static[.]json|app[.]json|package(-lock)?[.]json|Procfile|Aptfile|node_modules(/.*)?)$\" { return 404; }"
     else empty end),
    (.redirects // {} | to_entries[]
        | (.key | if contains("*") then "~ \"\(expression)\"" else "= \"\(absolute)\"" end) as $where
        | "location \($where) { return \(.value.status // 301) \(.value.url | quoted); }"),
    "location / { try_files $uri \(if .clean_urls then "$uri.html " else "" end)$uri/ \(if .routes then "$fallback" else "=404" end); }";
