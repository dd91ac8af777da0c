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
  --email EMAIL      every domain of every app gets a certificate (https) by itself, from Let's Encrypt;
                     that is where they write to if something is wrong with one
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
readonly here venv=/opt/mooring/venv

action=install domain='' admin_key='' email='' work='' python=python3
left_out=() removal=() # options that go on to what does the rest

main() {
    read_options "$@"
    check_root "$@"
    local wanted=("--domain=$domain" "--admin-key=$admin_key" "--email=$email" "${left_out[@]}")
    case $action in
        throwaway)
            command -v python3 >/dev/null || apt_install python3
            # What it boots outlives this script, and must not hold its lock.
            "$here/tests/throwaway" install demo "${wanted[@]}" 9>&- || exit 1
            ;;
        uninstall) setup uninstall "${removal[@]}" ;;
        install)
            check_server
            install_packages
            setup users
            set_up_python
            setup install "--called=$0" "${wanted[@]}"
            ;;
    esac
}

# mooring/setup/ does what needs no package: out of this checkout, so that half a Mooring can be taken away too.
setup() {
    command -v python3 >/dev/null || die "python3 is not installed" "apt-get install python3"
    PYTHONPATH=$here "$python" -P -s -B -m mooring.setup "$@" || exit 1
}

step() { echo "-----> $*"; }
detail() { echo "       $*"; }
warn() { echo " !     $*" >&2; }

# die MESSAGE HINT [STATUS]
die() {
    warn "$1 ($2)"
    exit "${3:-1}"
}

misused() { die "$1" "\`$0 --help\` shows what there is" 2; }

# Run a command; what it prints is shown only if it fails.
quietly() {
    local status=0
    "$@" >"$work/output" 2>&1 </dev/null || status=$?
    ((status == 0)) || tail -n 20 "$work/output" | sed 's/^/       /' >&2
    return $status
}

stopped_at() {
    ((BASH_SUBSHELL)) || warn "line $1 failed: $2 (every step is safe to run again)"
    exit 1
}

read_options() {
    while (($#)); do
        local option=$1
        shift
        case $option in
            --domain | --admin-key | --email)
                [[ $# -gt 0 && $1 != --* ]] || misused "$option wants a value"
                set -- "$option=$1" "${@:2}"
                ;;
            --domain=*) domain=${option#*=} ;;
            --admin-key=*) admin_key=${option#*=} ;;
            --email=*) email=${option#*=} ;;
            --no-sample | --no-stack) left_out+=("$option") ;;
            --throwaway | --uninstall)
                [[ $action == install ]] || misused "--throwaway and --uninstall exclude each other"
                action=${option#--}
                ;;
            --purge | --yes) removal+=("$option") ;;
            --help | -h) usage && exit ;;
            *) misused "there is no option $option" ;;
        esac
    done
    [[ $action == uninstall || -z ${removal[*]} ]] || misused "--purge and --yes go with --uninstall"
    [[ $action != uninstall || -z $domain$admin_key$email ]] || misused "--uninstall takes only --purge and --yes"
    check_domain
    check_admin_key
    [[ -z $email || $email =~ ^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+$ ]] ||
        misused "$email is not an e-mail address"
}

check_domain() {
    local label='[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
    domain=${domain,,} && domain=${domain%.}
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
    trap 'rm -rf "$work"' EXIT
    set -o errtrace
    trap 'stopped_at "$LINENO" "$BASH_COMMAND"' ERR
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
    local ID='' ID_LIKE='' VERSION_ID='' PRETTY_NAME='this system' oldest=''
    # shellcheck source=/dev/null
    [[ ! -r /etc/os-release ]] || . /etc/os-release
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

install_packages() {
    step "Installing packages"
    # Docker refuses to start a container where the kernel has AppArmor and nothing loads its profiles.
    # logrotate rotates what nginx logs: nginx's package brings the rules, and does not ask for it.
    local wanted=(ca-certificates curl git iproute2 iptables logrotate nginx openssh-client openssh-server procps
        python3 python3-cryptography python3-systemd python3-venv restic sudo)
    ! grep -qs Y /sys/module/apparmor/parameters/enabled || wanted+=(apparmor)
    command -v dockerd >/dev/null || wanted+=(docker.io)
    apt_install "${wanted[@]}"
    # What asks for certificates: one program for every authority, and for the DNS of a hundred hosters.
    apt_install_known lego
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
        if quietly apt-get update -q; then touch "$work/updated" && return; fi
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
    python=$venv/bin/python setup pins >"$work/missing"
    local missing
    mapfile -t missing <"$work/missing"
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

main "$@"
