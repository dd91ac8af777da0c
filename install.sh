#!/bin/bash
# Makes a fresh Debian or Ubuntu server into one that you can push to; run again, it upgrades in place.
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8

usage() {
    cat <<'TEXT'
Usage: sudo ./install.sh [OPTION…]

Installs Mooring on this server, or upgrades it in place while the apps keep serving.

  --domain DOMAIN    apps answer as APP.DOMAIN (else the host's full name if it resolves, else IP.sslip.io)
  --admin-key FILE   a public key that may do everything, e.g. ~/.ssh/id_ed25519.pub
  --no-sample        do not push the sample app at the end
  --no-stack         do not make the image for apps without a Dockerfile; the first push of one does
  --throwaway        boot a throwaway server on this machine and install there
  --uninstall        take Mooring away, keep the apps' data
      --purge        … and the data too
      --yes          … without asking
  --help             this page

Mirrors, proxies and certificate authorities are those of the host: /etc/apt, /etc/pip.conf, /etc/environment,
/usr/local/share/ca-certificates. What only your shell has set gets here with `sudo -E`.

Example: sudo ./install.sh --domain apps.example.com --admin-key ~/.ssh/id_ed25519.pub
TEXT
}

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
readonly here
readonly rooms=(hooks builders buildpacks units nginx services mooring examples docs)
readonly opt=/opt/mooring etc=/etc/mooring var=/var/lib/mooring spool=/var/spool/mooring
readonly venv=$opt/venv launcher=/usr/local/bin/mooring
readonly notes=$var/installed # what this script changed that was not its own, for --uninstall
readonly base_image=debian:trixie-slim temporary_key=installer
readonly daemon_json=/etc/docker/daemon.json
readonly default_site=/etc/nginx/sites-enabled/default
readonly started_units=(mooring-recover.service mooring.target mooring-{build,launch,route,retire}.path mooring-cleanup.timer)

action=install domain='' admin_key='' sample=yes stack=yes purge=no sure=no
changed=no changed_units=() code_changed=no work=''

main() {
    read_options "$@"
    check_root "$@"
    case $action in
        throwaway)
            throwaway
            return
            ;;
        uninstall)
            uninstall
            return
            ;;
    esac
    check_server
    install_packages
    make_user_and_folders
    set_up_python
    install_code
    install_manual
    write_settings
    set_up_docker
    set_up_journal
    install_units
    set_up_ssh
    set_up_nginx
    start_mooring
    change_domain
    add_admin_key
    make_stack
    push_sample
    say_goodbye
}

# ---- saying, stopping, placing

step() { echo "-----> $*"; }
detail() { echo "       $*"; }
warn() { echo " !     $*" >&2; }

# die MESSAGE HINT
die() {
    warn "$1 ($2)"
    # Out of a $(subshell), 3 tells `stopped_at` that everything is said.
    exit $((BASH_SUBSHELL ? 3 : 1))
}

indented() { sed -u 's/^/       /'; }

# Run a command; what it prints is shown only if it fails.
quietly() {
    local status=0
    "$@" >"$work/output" 2>&1 </dev/null || status=$?
    ((status == 0)) || tail -n 20 "$work/output" | indented >&2
    return $status
}

# place SOURCE TARGET [MODE]: the file appears whole; sets `changed` where it was not there or different.
place() {
    local source=$1 target=$2 mode=${3:-0644}
    if [[ -f $target && ! -L $target ]] && cmp -s "$source" "$target"; then
        return
    fi
    mkdir -p "$(dirname "$target")"
    install -m "$mode" "$source" "$target.mooring-new"
    mv -T "$target.mooring-new" "$target"
    changed=yes
}

finish() {
    if [[ -e $work/key ]]; then
        "$launcher" deploy:revoke hello "$temporary_key" >/dev/null 2>&1 || true
    fi
    rm -rf "$work"
}

stopped_at() {
    local status=$1 line=$2 command=$3
    if ((BASH_SUBSHELL)); then exit "$status"; fi
    ((status == 3)) || warn "line $line failed: $command (every step is safe to run again)"
    exit 1
}

# ---- before anything is changed

read_options() {
    local option
    while (($#)); do
        option=$1
        shift
        case $option in
            --domain | --admin-key)
                [[ $# -gt 0 && $1 != --* ]] || misused "$option wants a value"
                if [[ $option == --domain ]]; then domain=$1; else admin_key=$1; fi
                shift
                ;;
            --domain=*) domain=${option#*=} ;;
            --admin-key=*) admin_key=${option#*=} ;;
            --no-sample) sample=no ;;
            --no-stack) stack=no ;;
            --throwaway | --uninstall)
                [[ $action == install ]] || misused "--throwaway and --uninstall exclude each other"
                action=${option#--}
                ;;
            --purge) purge=yes ;;
            --yes) sure=yes ;;
            --help | -h)
                usage
                exit 0
                ;;
            *) misused "there is no option $option" ;;
        esac
    done
    [[ $action == uninstall || $purge$sure == nono ]] || misused "--purge and --yes go with --uninstall"
    [[ $action != uninstall || -z $domain$admin_key ]] || misused "--uninstall takes only --purge and --yes"
    check_domain
    check_admin_key
}

misused() {
    warn "$1 (\`$0 --help\` shows what there is)"
    exit 2
}

check_domain() {
    local label='[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
    domain=${domain,,}
    domain=${domain%.}
    [[ -z $domain || $domain =~ ^$label(\.$label)*$ && ${#domain} -le 200 ]] ||
        misused "$domain is not a domain: it is like apps.example.com"
}

check_admin_key() {
    [[ -n $admin_key ]] || return 0
    [[ -f $admin_key && -r $admin_key ]] || misused "there is no file $admin_key"
    ! grep -q 'PRIVATE KEY' "$admin_key" ||
        die "$admin_key is a private key: it must never leave your machine" "give the .pub file beside it"
    [[ $(grep -E '^[^#[:space:]]' "$admin_key") =~ ^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+\ [A-Za-z0-9+/]+=*(\ [^$'\n']*)?$ ]] ||
        die "$admin_key is not one public key" "one line like \`ssh-ed25519 AAAA… you@laptop\`"
}

check_root() {
    ((EUID == 0)) || die "install.sh changes the system and must be root" "sudo $0 $*"
    work=$(mktemp -d)
    trap finish EXIT
    set -o errtrace
    trap 'stopped_at "$?" "$LINENO" "$BASH_COMMAND"' ERR
    exec 9>/run/mooring-install.lock
    flock -n 9 || die "another install.sh is at work" "wait until it has ended"
}

check_server() {
    step "Checking this server"
    check_distribution
    local first
    first=$(</proc/1/comm)
    [[ $first == systemd && -d /run/systemd/system ]] ||
        die "systemd does not run this machine, $first does" \
            "\`sudo ./install.sh --throwaway\` boots a throwaway server here and installs into that"
    [[ -f $here/pyproject.toml && -d $here/units ]] ||
        die "install.sh is not in a checkout of Mooring" "git clone it, and run it from there"
}

check_distribution() {
    local ID='' ID_LIKE='' VERSION_ID='' PRETTY_NAME='this system'
    # shellcheck source=/dev/null
    [[ ! -r /etc/os-release ]] || . /etc/os-release
    local oldest=''
    case $ID in
        debian) oldest=12 ;;
        ubuntu) oldest=24.04 ;;
        *) [[ " $ID_LIKE " == *" debian "* || " $ID_LIKE " == *" ubuntu "* ]] ||
            die "$PRETTY_NAME is not supported" "Debian 12 or later, Ubuntu 24.04 or later" ;;
    esac
    # Debian's testing has no VERSION_ID.
    [[ -z $VERSION_ID || -z $oldest ]] || dpkg --compare-versions "$VERSION_ID" ge "$oldest" ||
        die "$PRETTY_NAME is too old" "Debian 12 or later, Ubuntu 24.04 or later"
    detail "$PRETTY_NAME"
}

# ---- packages and Python

install_packages() {
    step "Installing packages"
    # Docker refuses to start a container where the kernel has AppArmor and nothing loads its profiles.
    # logrotate rotates what nginx logs: nginx's package brings the rules, and does not ask for it.
    local wanted=(ca-certificates curl git iproute2 iptables logrotate nginx openssh-client openssh-server procps
        python3 python3-systemd python3-venv sudo)
    ! grep -qs Y /sys/module/apparmor/parameters/enabled || wanted+=(apparmor)
    command -v dockerd >/dev/null || wanted+=(docker.io)
    apt_install "${wanted[@]}"
    # A Docker that was here before stays as it is. Debian 13 and Ubuntu have its parts in packages of their own.
    if installed docker.io; then
        apt_install_known docker-cli docker-buildx
    elif installed docker-ce; then
        apt_install_known docker-ce-cli docker-buildx-plugin
    fi
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "$(python3 --version) is too old" "Mooring needs 3.11 or later: Debian 12, Ubuntu 24.04"
}

installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# Install packages that are missing; what is there is not touched.
apt_install() {
    local missing=() package
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    detail "${missing[*]}"
    apt_update
    # A server's first minutes belong to its automatic upgrades: wait for their lock.
    quietly env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get install -y --no-install-recommends \
        -o DPkg::Lock::Timeout=600 "${missing[@]}" ||
        die "apt-get could not install ${missing[*]}" "its last words are above"
}

apt_install_known() {
    local known=() package
    for package in "$@"; do
        # Ubuntu's docker-cli is another name of docker.io: no candidate of its own.
        [[ $(apt-cache policy "$package") != *'Candidate: '[0-9]* ]] || known+=("$package")
    done
    apt_install "${known[@]}"
}

apt_update() {
    [[ ! -e $work/updated ]] || return 0
    local attempt
    for attempt in 1 2 3 4 5 6; do
        if quietly apt-get update -q; then
            touch "$work/updated"
            return
        fi
        grep -qs 'Could not get lock' "$work/output" || break
        detail "apt is busy; waiting ($attempt)"
        sleep 20
    done
    die "apt-get update failed" "see /etc/apt/sources.list and sources.list.d; a proxy goes into /etc/apt/apt.conf.d"
}

set_up_python() {
    step "Setting up Python"
    # An upgrade of the distribution brings a new Python, for which the old environment is empty.
    if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
        quietly python3 -m venv --system-site-packages --clear "$venv" ||
            die "the Python environment $venv could not be made" "what was wrong is above"
    fi
    "$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$work/site-packages"
    echo "$opt/current" >"$work/mooring.pth"
    place "$work/mooring.pth" "$(<"$work/site-packages")/mooring.pth"

    local missing
    mapfile -t missing < <(missing_pins)
    ((${#missing[@]})) || return 0
    detail "${missing[*]}"
    if [[ " ${missing[*]}" == *" systemd-python"* ]]; then
        # Not the release that the distribution has as python3-systemd: it is compiled.
        apt_install gcc libsystemd-dev pkg-config python3-dev
    fi
    # The host's own certificate authorities count, unless pip was told of others.
    quietly env REQUESTS_CA_BUNDLE="${REQUESTS_CA_BUNDLE:-/etc/ssl/certs/ca-certificates.crt}" \
        "$venv/bin/python" -m pip install --no-input --disable-pip-version-check "${missing[@]}" ||
        die "pip could not install ${missing[*]}" \
            "PyPI must be reachable: a mirror goes into /etc/pip.conf, a proxy into /etc/environment"
}

# The pinned requirements of pyproject.toml that are not met, one a line.
missing_pins() {
    "$venv/bin/python" - "$here/pyproject.toml" <<'PYTHON'
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

for pin in tomllib.loads(Path(sys.argv[1]).read_text())["project"]["dependencies"]:
    name, _, wanted = pin.partition("==")
    try:
        found = version(name)
    except PackageNotFoundError:
        found = ""
    if found != wanted:
        print(pin)
PYTHON
}

# ---- Mooring's own files

make_user_and_folders() {
    step "Making the user mooring and its folders"
    getent passwd mooring >/dev/null ||
        useradd --system --user-group --home-dir "$var/home" --no-create-home --shell /bin/sh mooring
    # Without a password, but not locked: sshd without PAM would refuse a locked user's key.
    usermod --password '*' --append --groups systemd-journal mooring
    install -d -m 0755 "$etc" "$opt" "$var" "$var/apps" "$var/home" "$notes"
    install -d -m 0755 "$spool" "$spool"/{launch,route,retire,queue,run,failed}
    install -d -m 0755 "$spool"/{queue,run}/{build,launch,route,retire}
    install -d -m 1770 -o root -g mooring "$spool/build"
    # What delivers to webhooks works off their queues, and is nobody else (units/hooks/mooring-hook@.service).
    getent group mooring-hooks >/dev/null || groupadd --system mooring-hooks
    install -d -m 2750 -o root -g mooring-hooks "$spool/hooks"
    local file
    for file in keys.toml authorized_keys; do
        [[ -e $etc/$file ]] || install -m 0640 -o root -g mooring /dev/null "$etc/$file"
    done
}

install_code() {
    step "Installing Mooring"
    local draft=$opt/.new room version
    rm -rf "$draft"
    mkdir "$draft"
    for room in "${rooms[@]}"; do
        [[ ! -d $here/$room ]] || cp -R --preserve=mode,timestamps "$here/$room" "$draft/"
    done
    find "$draft" -name __pycache__ -prune -exec rm -rf {} +
    chmod -R u=rwX,go=rX "$draft"
    if diff -rq --no-dereference --exclude=__pycache__ "$draft" "$opt/current/" >/dev/null 2>&1; then
        rm -rf "$draft"
        detail "$(readlink "$opt/current") is there already"
    else
        version=$(sed -n 's/^version = "\([0-9A-Za-z.]*\)"$/\1/p' "$here/pyproject.toml")-$(date -u +%Y%m%dT%H%M%SZ)
        "$venv/bin/python" -m compileall -q -s "$draft" -p "$opt/current" "$draft" ||
            die "Mooring's Python files do not compile" "is the checkout whole? \`git status\` shows"
        mv -T "$draft" "$opt/$version"
        ln -sfn "$version" "$opt/.current"
        mv -T "$opt/.current" "$opt/current"
        code_changed=yes
        detail "$version"
    fi
    printf '#!/bin/sh\nexec %s/bin/python -I -m mooring "$@"\n' "$venv" >"$work/launcher"
    place "$work/launcher" "$launcher" 0755
    find "$opt" -mindepth 1 -maxdepth 1 -type d ! -name venv ! -name "$(readlink "$opt/current")" -exec rm -rf {} +
}

# Where each page and each shell's completion belongs.
readonly manual=(
    mooring.1:/usr/local/share/man/man1/mooring.1
    mooring.toml.5:/usr/local/share/man/man5/mooring.toml.5
    mooring-units.7:/usr/local/share/man/man7/mooring-units.7
    mooring.bash:/usr/share/bash-completion/completions/mooring
    _mooring:/usr/local/share/zsh/site-functions/_mooring
)

install_manual() {
    step "Installing the manual"
    mkdir -p "$work/manual"
    "$venv/bin/python" -I -m mooring.manual "$work/manual" || die "the manual could not be made" "is the checkout whole?"
    local entry
    for entry in "${manual[@]}"; do
        place "$work/manual/${entry%%:*}" "${entry#*:}"
    done
}

write_settings() {
    step "Writing settings"
    local settings=$etc/mooring.toml
    if [[ -e $settings ]]; then
        detail "$settings is kept"
        return
    fi
    [[ -n $domain ]] || domain=$(own_domain)
    local pool
    pool=$(free_range 10.9{0..5}.0.0/16 172.{28..30}.0.0/16)
    [[ -n $pool ]] || die "every range that apps' networks could have is in use here" \
        "write \`domain = \"$domain\"\`, \`[network]\`, \`pool = \"A.B.0.0/16\"\` into $settings and run this again"
    cat >"$work/mooring.toml" <<TOML
# Mooring's settings for this host; docs/settings.md explains them. Times are in seconds.

# Apps answer as APP.DOMAIN.
domain = "$domain"

[apps]
# Whether the first push of a name that is not known makes the app.
# auto_create = true

[builds]
# How many apps build at once.
# parallel = 2

# What builds may take together: memory ("4g", or "50%" of the server's), processes and threads; and seconds for one.
# memory = "80%"
# pids = 8192
# timeout = 3600

# What the nightly cleanup leaves of the builds' cache: a size, or a part of the disk ("20%").
# cache = "10g"

[checks]
# How long a new release may take until it is ready.
# timeout = 60

[drain]
# How long an old release may go on with the connections that it has.
# timeout = 60

[git]
# The most that one push may bring.
# max_pack_size = "512m"

[network]
# Every app has a small network of its own out of this range, which nothing else here may use.
pool = "$pool"

[releases]
# Of how many releases of each app the images are kept, for rollbacks.
# keep = 5

# Of how many the records are kept.
# records = 100

[stop]
# From SIGTERM to SIGKILL.
# timeout = 30
TOML
    place "$work/mooring.toml" "$settings"
    detail "domain $domain, network $pool"
}

# The host's full name if others can reach it by that, else its address as a name.
own_domain() {
    local name address
    name=$(python3 -c 'import socket; print(socket.getfqdn().lower().rstrip("."))')
    address=$(getent ahosts "$name" | grep -vE '^(127\.|::1 )') || address=''
    if [[ $name == *.* && -n $address ]]; then
        echo "$name"
        return
    fi
    address=$(ip -o route get 192.0.2.1 2>/dev/null | grep -oP 'src \K\S+') ||
        address=$(ip -o -6 route get 2001:db8::1 2>/dev/null | grep -oP 'src \K\S+') ||
        die "this server has no address and no full name" "sudo $0 --domain apps.example.com"
    echo "${address//:/-}.sslip.io"
}

# free_range CIDR…: the first that overlaps no route, name server, or network of Docker's; nothing if none does.
free_range() {
    ip -4 route show table all | grep -v ^default >"$work/routes" || true
    # Docker may not run yet; networks of a swarm have no routes.
    docker network ls -q 2>/dev/null | xargs -r docker network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{end}}' \
        >>"$work/routes" 2>/dev/null || true
    cat /etc/resolv.conf "$daemon_json" "$etc/mooring.toml" >>"$work/routes" 2>/dev/null || true
    python3 - "$work/routes" "$@" <<'PYTHON'
import re
import sys
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path

taken = []
for text in re.findall(r"(?<![\d.])\d+(?:\.\d+){3}(?:/\d+)?", Path(sys.argv[1]).read_text()):
    with suppress(ValueError):
        taken.append(ip_network(text, strict=False))
# A VPN's 0.0.0.0/1 is a default route by another name.
taken = [network for network in taken if network.prefixlen > 2]
free = (each for each in sys.argv[2:] if not any(ip_network(each).overlaps(other) for other in taken))
print(next(free, ""))
PYTHON
}

# ---- Docker

set_up_docker() {
    step "Setting up Docker"
    systemctl cat docker.service >/dev/null 2>&1 ||
        die "the Docker here is not a systemd service docker.service" "remove the snap, or install docker.io or docker-ce"
    changed=no
    place "$here/units/host/docker.conf" /etc/systemd/system/docker.service.d/mooring.conf
    write_proxy
    [[ $changed == no ]] || systemctl daemon-reload
    merge_daemon_json
    systemctl enable -q docker.service
    if ! systemctl is-active -q docker.service; then
        systemctl start docker.service || refused_by_docker
    elif [[ $changed == yes ]]; then
        restart_docker
    fi
    docker version -f '{{.Server.Version}}' >"$work/docker-version" 2>&1 ||
        die "Docker does not answer: $(tail -n 1 "$work/docker-version")" "journalctl -u docker"
    detail "Docker $(<"$work/docker-version")"
    # Docker 20.10 has BuildKit in it; later ones have it in a package of its own.
    (($(cut -d. -f1 "$work/docker-version") < 23)) || docker buildx version >/dev/null 2>&1 ||
        die "this Docker cannot build: buildx is missing" "apt-get install docker-buildx, or docker-buildx-plugin for docker-ce"
}

# Docker pulls through the host's proxy, unless it has been told of one already.
write_proxy() {
    local name
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [[ -z ${!name:-} ]] || printf '%s="%s"\n' "$name" "${!name}"
    done >"$work/proxy.env"
    if [[ -s $work/proxy.env && $(systemctl show -P Environment docker.service) != *_[Pp][Rr][Oo][Xx][Yy]=* ]]; then
        place "$work/proxy.env" "$etc/proxy.env" 0600
    fi
}

# Add what Mooring needs to daemon.json, leave everything that is there; set `changed`.
merge_daemon_json() {
    local swarm pool
    swarm=$(docker info -f '{{.Swarm.LocalNodeState}}' 2>/dev/null) || swarm=unknown
    case $swarm in
        inactive | unknown | '') swarm='' ;;
        *) warn "Docker is in swarm mode, which excludes live-restore: apps are interrupted when Docker restarts" ;;
    esac
    pool=$(free_range 10.{96..103}.0.0/16 172.{24..27}.0.0/16)
    rm -f "$work/daemon.json.old"
    [[ ! -e $daemon_json ]] || cp -p "$daemon_json" "$work/daemon.json.old"
    python3 - "$daemon_json" "$notes/daemon.json" "$work" "$swarm" "$pool" <<'PYTHON' || exit 1
import json
import sys
from pathlib import Path

path, note, work = map(Path, sys.argv[1:4])
swarm, pool = sys.argv[4:6]
text = path.read_text() if path.exists() else ""
try:
    settings = json.loads(text) if text.strip() else {}
    if not isinstance(settings, dict):
        raise ValueError("it is not an object")
except ValueError as error:
    sys.exit(f" !     {path} is not valid JSON: {error} (mend it, then run this again)")

added = {}
if "live-restore" not in settings and not swarm:
    added["live-restore"] = True
if not any(option.startswith("native.cgroupdriver=") for option in settings.get("exec-opts", [])):
    added["exec-opts"] = ["native.cgroupdriver=systemd"]
if "default-address-pools" not in settings and pool:
    added["default-address-pools"] = [{"base": pool, "size": 24}]
for key, value in added.items():
    settings[key] = settings.get(key, []) + value if isinstance(value, list) else value
if added:
    (work / "daemon.json").write_text(json.dumps(settings, indent=4) + "\n")
    before = json.loads(note.read_text()) if note.exists() else {"created": not path.exists(), "added": {}}
    before["added"].update(added)
    (work / "daemon.json.note").write_text(json.dumps(before, indent=4) + "\n")
PYTHON
    [[ -e $work/daemon.json ]] || return 0
    place "$work/daemon.json.note" "$notes/daemon.json"
    local mode=0644
    [[ ! -e $daemon_json ]] || mode=0$(stat -c %a "$daemon_json")
    place "$work/daemon.json" "$daemon_json" "$mode"
}

# Restart Docker for its new settings, but only when its containers live on through it.
restart_docker() {
    local running
    running=$(docker ps -q | wc -l)
    if ((running)); then
        systemctl reload docker.service
        timeout 5 bash -c "until [[ \$(docker info -f '{{.LiveRestoreEnabled}}') == true ]]; do sleep 0.2; done" || {
            warn "Docker is not restarted, because $running containers would stop: its new settings wait for the next restart"
            return 0
        }
        detail "$running containers go on while Docker restarts"
    fi
    # Its package has just started it, and three starts in a minute are all that its unit allows.
    systemctl reset-failed docker.service
    systemctl restart docker.service || refused_by_docker
}

refused_by_docker() {
    [[ -e $work/daemon.json ]] || die "Docker does not start" "journalctl -u docker"
    journalctl -u docker.service -n 5 --no-pager -o cat | indented >&2
    if [[ -e $work/daemon.json.old ]]; then
        cp -p "$work/daemon.json.old" "$daemon_json"
    else
        rm -f "$daemon_json"
    fi
    rm -f "$notes/daemon.json"
    systemctl reset-failed docker.service
    systemctl start docker.service || true
    die "Docker refused its new settings; $daemon_json is as it was" "is an option of it also in dockerd's arguments?"
}

# What buildpack apps are built in and run on. A push that finds none makes it too.
make_stack() {
    [[ $stack == yes ]] || return 0
    step "Making the stack image for apps without a Dockerfile"
    "$venv/bin/python" -I -m builders.stack 2>&1 | indented ||
        die "the stack image could not be made" "the reason is above; without it: $0 --no-stack"
}

# ---- journal, units, ssh, nginx

set_up_journal() {
    step "Setting up the journal"
    changed=no
    place "$here/units/host/journald.conf" /etc/systemd/journald.conf.d/mooring.conf
    if [[ $changed == yes ]]; then
        # Its sockets are systemd's: nobody who writes to it loses a line.
        systemctl restart systemd-journald.service
        journalctl --flush
    fi
}

install_units() {
    step "Installing units"
    local folder=/etc/systemd/system unit name count=0
    changed=no
    changed_units=()
    for unit in "$here"/units/*/*.{service,path,timer,target,slice}; do
        [[ -f $unit ]] || continue
        name=$(basename "$unit")
        cmp -s "$unit" "$folder/$name" || changed_units+=("$name")
        place "$unit" "$folder/$name"
        count=$((count + 1))
    done
    if (($(systemctl --version | awk 'NR == 1 { print int($2) }') < 254)); then
        place "$here/units/app/pace.conf" "$folder/mooring-app@.service.d/pace.conf"
    elif [[ -e $folder/mooring-app@.service.d/pace.conf ]]; then
        rm "$folder/mooring-app@.service.d/pace.conf"
        changed=yes
    fi
    place "$here/units/host/tmpfiles.conf" /etc/tmpfiles.d/mooring.conf
    systemd-tmpfiles --create mooring.conf
    for unit in "$folder"/mooring*.{service,path,timer,target,slice}; do
        name=$(basename "$unit")
        if [[ -f $unit && -z $(find "$here/units" -name "$name") ]]; then
            systemctl disable -q --now "$name" 2>/dev/null || true
            rm -f "$unit"
            changed=yes
        fi
    done
    [[ $changed == no ]] || systemctl daemon-reload
    detail "$count units"
}

set_up_ssh() {
    step "Opening the front door"
    changed=no
    put_checked "$here/hooks/sshd.conf" /etc/ssh/sshd_config.d/mooring.conf 0644 check_sshd
    cp "$here/hooks/sudoers" "$work/sudoers"
    # sudo-rs, Ubuntu's from 26.04 on, refuses a whole file for one setting that it does not have.
    visudo -c -q -f "$work/sudoers" >/dev/null 2>&1 || sed -i '/^Defaults.*syslog/d' "$work/sudoers"
    put_checked "$work/sudoers" /etc/sudoers.d/mooring 0440 visudo -c -q
    [[ $changed == no ]] || reload_ssh
    systemctl is-active -q ssh.service || systemctl is-active -q ssh.socket || systemctl enable -q --now ssh.service
    sshd -T -C user=mooring,host=localhost,addr=127.0.0.1 >"$work/sshd"
    grep -qx "authorizedkeysfile $etc/authorized_keys" "$work/sshd" ||
        die "sshd does not heed /etc/ssh/sshd_config.d/mooring.conf" \
            "put \`Include /etc/ssh/sshd_config.d/*.conf\` at the top of /etc/ssh/sshd_config"
    if grep -qE '^allow(users|groups) ' "$work/sshd" && ! grep -qE '^allow(users|groups) mooring$' "$work/sshd"; then
        warn "sshd lets only some users in: add mooring to AllowUsers or AllowGroups in /etc/ssh/sshd_config"
    fi
}

reload_ssh() {
    if systemctl is-active -q ssh.socket; then
        # As on Ubuntu: an sshd that has its socket from systemd dies of a reload. Sessions live through a restart.
        systemctl try-restart ssh.service
    elif systemctl is-active -q ssh.service; then
        systemctl reload ssh.service
    fi
}

check_sshd() {
    # Where sshd has not run since boot, its folder is missing.
    mkdir -p /run/sshd
    sshd -t
}

# put_checked SOURCE TARGET MODE COMMAND…: place a file; what was there comes back where COMMAND refuses it.
put_checked() {
    local source=$1 target=$2 mode=$3
    shift 3
    rm -f "$work/before"
    [[ ! -e $target ]] || cp -p "$target" "$work/before"
    place "$source" "$target" "$mode"
    quietly "$@" && return
    if [[ -e $work/before ]]; then cp -p "$work/before" "$target"; else rm -f "$target"; fi
    die "$target did not pass and was taken back" "what is wrong is above"
}

set_up_nginx() {
    step "Setting up nginx"
    local link=/etc/nginx/conf.d/mooring.conf main_conf=/etc/nginx/modules-enabled/99-mooring.conf undo=()
    changed=no
    place "$here/units/host/nginx.conf" /etc/systemd/system/nginx.service.d/mooring.conf
    if [[ $changed == yes ]]; then
        systemctl daemon-reload
        # nginx's package has started it already; what it starts anew with a reload inherits this.
        [[ ! -s /run/nginx.pid ]] || prlimit --pid "$(</run/nginx.pid)" --nofile=16384: 2>/dev/null || true
    fi
    changed=$code_changed
    if grep -qs modules-enabled /etc/nginx/nginx.conf; then
        [[ -e $main_conf ]] || undo+=("$main_conf")
        place "$here/nginx/main.conf" "$main_conf"
    fi
    if [[ $(readlink "$link") != "$opt/current/nginx/mooring.conf" ]]; then
        [[ ! -e $link ]] || die "$link is not Mooring's" "move it away"
        ln -sfn "$opt/current/nginx/mooring.conf" "$link"
        undo+=("$link")
        changed=yes
    fi
    if default_site_is_untouched; then
        rm "$default_site"
        touch "$notes/default-site"
        detail "its welcome page makes way"
        changed=yes
    fi
    if ! quietly nginx -t; then
        rm -f "${undo[@]}"
        put_default_site_back
        die "nginx refuses the configuration; what Mooring had added is taken back" \
            "nginx's reason is above; a server of yours that is default_server on port 80 must give that up"
    fi
    systemctl enable -q nginx.service
    if ! systemctl is-active -q nginx.service; then
        systemctl start nginx.service ||
            die "nginx does not start" "is another server on port 80? \`ss -ltnp 'sport = :80'\` tells"
    elif [[ $changed == yes ]]; then
        systemctl reload nginx.service
    fi
}

# Whether the default site is the distribution's link to the distribution's file, as it came.
default_site_is_untouched() {
    local file=/etc/nginx/sites-available/default shipped
    [[ -L $default_site && $(readlink -f "$default_site") == "$file" ]] || return 1
    shipped=$(dpkg-query -W -f='${Conffiles}\n' nginx nginx-common 2>/dev/null | awk -v f=$file '$1 == f { print $2 }')
    [[ $(md5sum <"$file") == "$shipped  -" ]]
}

put_default_site_back() {
    [[ -e $notes/default-site ]] || return 0
    [[ -e $default_site ]] || ln -s /etc/nginx/sites-available/default "$default_site"
    rm "$notes/default-site"
}

# Apps that run move with the domain, so this comes when Mooring runs.
change_domain() {
    [[ -n $domain && $domain != "$(current_domain)" ]] || return 0
    step "Changing the domain"
    "$launcher" domains:set-global "$domain" | indented ||
        die "not every app answers below $domain" "what is wrong is above; \`mooring domains:set-global $domain\` tries again"
}

current_domain() { sed -n 's/^domain *= *"\(.*\)".*$/\1/p' "$etc/mooring.toml"; }

start_mooring() {
    step "Starting Mooring"
    local unit
    systemctl enable -q "${started_units[@]}"
    for unit in mooring-{build,launch,route,retire}.path; do
        # A path unit looks at its folder when it starts: nothing that came meanwhile is missed.
        [[ " ${changed_units[*]} " != *" $unit "* ]] || systemctl restart "$unit"
    done
    systemctl start "${started_units[@]}" ||
        die "Mooring's units do not start" "systemctl status 'mooring*'"
    # What forwards lines runs for months; its place in the journal is kept, so no line is lost.
    [[ $code_changed == no ]] || systemctl try-restart 'mooring-drain@*.service'
}

# ---- the first key, the first app

add_admin_key() {
    [[ -n $admin_key ]] || return 0
    step "Adding the admin key"
    local comment
    comment=$(awk '/^[^#[:space:]]/ { print $3 }' "$admin_key" | tr -cd 'A-Za-z0-9@._-' | cut -c1-60)
    "$launcher" access:add "${comment:-admin}" <"$admin_key" | indented
}

push_sample() {
    if [[ $sample == no || -e $notes/sample || -e $var/apps/hello/live ]]; then
        return
    fi
    "$here/builders/stack/base" | indented
    step "Pushing examples/hello, as you will push your apps"
    local key=$work/key source=$work/hello port url
    ssh-keygen -q -t ed25519 -N '' -C "$temporary_key" -f "$key"
    "$launcher" deploy:revoke hello "$temporary_key" >/dev/null 2>&1 || true
    "$launcher" deploy:allow hello --name "$temporary_key" <"$key.pub" >/dev/null
    sed 's/^/localhost /' /etc/ssh/ssh_host_*_key.pub >"$work/known_hosts"
    port=$(awk '$1 == "port" { print $2; exit }' "$work/sshd")
    cp -R "$here/examples/hello" "$source"
    git -C "$source" init -q -b main
    git -C "$source" add .
    git -C "$source" -c user.name=Mooring -c user.email=mooring@localhost commit -q -m 'Say hello'
    GIT_SSH_COMMAND="ssh -F none -i $key -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes -p $port \
        -o HostKeyAlias=localhost -o UserKnownHostsFile=$work/known_hosts -o GlobalKnownHostsFile=none" \
        git -C "$source" push mooring@localhost:hello main 2>&1 | indented ||
        die "the sample could not be deployed" "the reason is above; run this again when it is gone"
    url=$("$launcher" url hello)
    curl -fsS --max-time 10 -H "Host: ${url#*://}" http://127.0.0.1/ 2>&1 | indented ||
        die "the sample does not answer at $url" "mooring logs hello"
    touch "$notes/sample"
}

say_goodbye() {
    local host
    host=$(current_domain)
    step "Mooring is installed"
    [[ ! -e $var/apps/hello/live ]] || detail "The sample: $("$launcher" url hello)"
    [[ -s $etc/authorized_keys ]] ||
        detail "Your key:   cat ~/.ssh/id_ed25519.pub | ssh YOU@$host sudo mooring access:add YOUR-NAME"
    detail "Your app:   git push mooring@$host:my-app main"
    [[ $host == *.sslip.io ]] || getent ahosts "my-app.$host" >/dev/null ||
        warn "my-app.$host does not resolve yet: make a DNS record *.$host with this server's address"
    if [[ $(ufw status 2>/dev/null) == 'Status: active'* ]]; then
        warn "the firewall is on: \`ufw allow 80/tcp && ufw allow 443/tcp\` lets people reach the apps"
    fi
}

# ---- the other ways to call it

# Boot a throwaway server (tests/throwaway), put this checkout on it, run install.sh there; again: upgrade it.
throwaway() {
    local tool=$here/tests/throwaway name=demo address arguments=()
    command -v python3 >/dev/null || apt_install python3
    if [[ $'\n'$("$tool" list) != *$'\n'"$name "* ]]; then
        step "Booting a throwaway server"
        # It outlives this script, and must not hold its lock.
        "$tool" up "$name" 9>&- >/dev/null || exit 1
    fi
    address=$("$tool" list | awk -v name=$name '$1 == name { print $2 }')
    detail "$name has the address $address"

    step "Copying this checkout to it"
    tar -C "$here" --exclude=.git --exclude=__pycache__ --exclude='.*_cache' -c . |
        "$tool" shell $name sh -c 'rm -rf /root/mooring && mkdir /root/mooring && tar -C /root/mooring -x --no-same-owner'
    [[ -z $domain ]] || arguments+=(--domain "$domain")
    [[ $sample == yes ]] || arguments+=(--no-sample)
    [[ $stack == yes ]] || arguments+=(--no-stack)
    if [[ -n $admin_key ]]; then
        "$tool" shell $name tee /root/admin.pub <"$admin_key" >/dev/null
        arguments+=(--admin-key /root/admin.pub)
    fi
    # Its last words are those of a server; this machine's come below.
    "$tool" shell $name /root/mooring/install.sh "${arguments[@]}" </dev/null |
        sed -u '/^-----> Mooring is installed/,$d' || exit 1

    local url
    url=$("$tool" shell $name "$launcher" url hello 2>/dev/null) || url=''
    step "The throwaway server is at $address"
    [[ -z $url ]] || detail "See it:     curl -H 'Host: ${url#*://}' http://$address/"
    [[ -n $admin_key ]] ||
        detail "Your key:   sudo tests/throwaway shell $name mooring access:add me < ~/.ssh/id_ed25519.pub"
    detail "Your app:   git push mooring@$address:my-app main"
    detail "Its shell:  sudo tests/throwaway shell $name"
    detail "Remove it:  sudo tests/throwaway down $name"
}

uninstall() {
    confirm_uninstall
    stop_mooring
    remove_docker_settings
    remove_from_the_system
    step "Removing Mooring"
    rm -rf "$opt" "$launcher" "$spool" /run/mooring /var/cache/mooring "${manual[@]#*:}"
    if [[ $purge == yes ]]; then
        rm -rf "$var" "$etc" /var/lib/mooring-drain /var/lib/private/mooring-drain
        userdel mooring 2>/dev/null || true
        groupdel mooring-hooks 2>/dev/null || true
        detail "Mooring and its data are gone; the packages that it needed are still installed"
    elif [[ -d $var ]]; then
        detail "$var and $etc are kept: install.sh finds the apps there again, --uninstall --purge removes them"
    fi
}

confirm_uninstall() {
    local answer what="Mooring goes, and its apps stop; their data stays in $var."
    [[ $purge == no ]] || what="Mooring goes, with every app, its config, its releases and its data."
    if [[ $sure == no ]]; then
        [[ -t 0 ]] || die "nobody is here to answer whether to uninstall" "add --yes"
        read -rp "$what Go on? (yes/no) " answer
        [[ $answer == yes ]] || die "nothing was changed" "answer \`yes\` to uninstall"
    fi
}

stop_mooring() {
    step "Stopping the apps"
    systemctl disable -q "${started_units[@]}" 2>/dev/null || true
    # First what would start something new, then the apps.
    systemctl stop 'mooring-*.path' 'mooring-*.timer'
    systemctl stop 'mooring*.target' 'mooring-*.service' 'mooring*.slice'
    if docker version >/dev/null 2>&1; then
        docker ps -aq --filter label=mooring.app | xargs -r docker rm -f >/dev/null
        docker network ls -q --filter label=mooring.app | xargs -r docker network rm >/dev/null
        if [[ $purge == yes ]]; then
            docker images --filter reference='mooring/*' --filter reference='mooring-stack' --format '{{.Repository}}:{{.Tag}}' |
                xargs -r docker rmi -f >/dev/null
            [[ ! -e $notes/base-image ]] || docker rmi "$base_image" >/dev/null 2>&1 || true
        fi
    fi
}

# Take out of daemon.json what install.sh had put in, where nobody has changed it since.
remove_docker_settings() {
    [[ -e $notes/daemon.json ]] || return 0
    step "Removing Docker's settings"
    python3 - "$daemon_json" "$notes/daemon.json" <<'PYTHON' || warn "$daemon_json is left as it is"
import json
import sys
from pathlib import Path

path, note = map(Path, sys.argv[1:])
settings, noted = json.loads(path.read_text()), json.loads(note.read_text())
for key, value in noted["added"].items():
    if settings.get(key) == value:
        del settings[key]
    elif isinstance(value, list) and isinstance(settings.get(key), list):
        settings[key] = [each for each in settings[key] if each not in value]
if settings or not noted["created"]:
    path.write_text(json.dumps(settings, indent=4) + "\n")
else:
    path.unlink()
PYTHON
    rm -f "$notes/daemon.json"
    detail "other containers run on; Docker takes it all in with its next restart"
}

remove_from_the_system() {
    step "Removing units and configuration"
    rm -f /etc/systemd/system/mooring*.{service,path,timer,target,slice} /etc/tmpfiles.d/mooring.conf
    rm -rf /etc/systemd/system/mooring*.{wants,d} /etc/systemd/system/*.wants/mooring*
    rm -f /etc/systemd/journald.conf.d/mooring.conf /etc/systemd/system/{docker,nginx}.service.d/mooring.conf
    rmdir --ignore-fail-on-non-empty /etc/systemd/{journald.conf.d,system/{docker,nginx}.service.d} 2>/dev/null || true
    rm -f /etc/ssh/sshd_config.d/mooring.conf /etc/sudoers.d/mooring
    rm -f /etc/nginx/conf.d/mooring.conf /etc/nginx/modules-enabled/99-mooring.conf
    systemctl daemon-reload
    systemctl reset-failed 'mooring*' 2>/dev/null || true
    reload_ssh
    put_default_site_back
    if systemctl is-active -q nginx.service; then
        if quietly nginx -t; then systemctl reload nginx.service; else warn "nginx refuses what is left in /etc/nginx"; fi
    fi
}

main "$@"
