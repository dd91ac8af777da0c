# Ranges of versions as npm reads them (the package node-semver), of released versions: prereleases match nothing.
def token: "^([~^]|~>|[<>]=?|=)?v?([0-9]+|[xX*])([.]([0-9]+|[xX*])){0,2}([-+][0-9A-Za-z.+-]+)?$";

def numbers: sub("[-+].*"; "") | split(".") | map(tonumber? // null) | [.[0], .[1], .[2]]
    | if .[0] == null then [null, null, null] elif .[1] == null then [.[0], null, null] else . end;

# The lowest version that is in a partial one (1.2 is 1.2.0), and the lowest that is beyond it (1.3.0).
def low: map(. // 0);
def beyond:
    if .[0] == null then [infinite] elif .[1] == null then [.[0] + 1, 0, 0]
    elif .[2] == null then [.[0], .[1] + 1, 0] else [.[0], .[1], .[2] + 1] end;

def compatible:
    if .[0] == null then [infinite] elif .[0] > 0 or .[1] == null then [.[0] + 1, 0, 0]
    elif .[1] > 0 or .[2] == null then [0, .[1] + 1, 0] else [0, 0, .[2] + 1] end;

# Is the version $v, as numbers, within one comparator?
def within($v):
    capture("^(?<sign>[~^<>=]*)v?(?<rest>.*)$") as {$sign, $rest}
    | ($rest | numbers)
    | if $sign == ">=" then $v >= low
      elif $sign == ">" then $v >= beyond
      elif $sign == "<" then $v < low
      elif $sign == "<=" then $v < beyond
      elif $sign == "^" then $v >= low and $v < compatible
      elif $sign == "~" or $sign == "~>" then $v >= low and $v < (.[2] = null | beyond)
      else $v >= low and $v < beyond end;

# A range as alternatives, each a list of comparators that must all hold.
def alternatives:
    if . == "" then "*" else . end | split("||") | map(
        gsub("^\\s+|\\s+$"; "")
        | sub("^(?<from>\\S+)\\s+-\\s+(?<to>\\S+)$"; ">=\(.from) <=\(.to)")
        | gsub("(?<sign>[~^<>=])\\s+"; .sign)
        | [splits("\\s+")] | map(select(. != "")));

def is_range: all(alternatives[][]; test(token));
def allows($version): any(alternatives[]; all(.[]; within($version | numbers)));
