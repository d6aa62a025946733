# Sourced by ./run, ./test, ./bench and .ci/run: finding what they need, installing it, building.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# No build server stays behind.
export MSBUILDDISABLENODEREUSE=1

say() { printf '%s\n' "$*" >&2; }

# fail LINE [STATUS]
fail() {
    say "$1"
    exit "${2:-1}"
}

log_file() {
    mkdir -p .run/logs
    printf '%s' ".run/logs/$1.log"
}

need_dotnet() {
    command -v dotnet >/dev/null || fail "The .NET 10 SDK is needed: https://dotnet.microsoft.com/download"
    dotnet --version >/dev/null 2>&1 || fail "The .NET 10 SDK is needed (global.json); installed: $(dotnet --list-sdks | cut -d' ' -f1 | paste -sd' ')"
}

has_postgres() {
    [ -n "${ORCHESTRATOR_POSTGRES:-}" ] || command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

has_rabbitmq() {
    [ -n "${ORCHESTRATOR_RABBITMQ:-}" ] || command -v rabbitmq-server >/dev/null || compgen -G '/usr/lib/rabbitmq/lib/*/sbin/rabbitmq-server' >/dev/null
}

has_pika() { /usr/bin/python3 -c 'import pika' 2>/dev/null; }

# need_servers: Postgres and RabbitMQ, from the environment, the machine or apt.
need_servers() {
    local missing=()
    has_postgres || missing+=(postgresql)
    has_rabbitmq || missing+=(rabbitmq-server)
    command -v setpriv >/dev/null || missing+=(util-linux)
    [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}"
}

# want_tools [NAME...]: programs that make more possible (sandboxes, thin clones); without them everything else goes on.
want_tools() {
    local missing=()
    command -v bwrap >/dev/null || missing+=(bubblewrap)
    if [ "$(id -u)" -eq 0 ]; then
        command -v mkfs.xfs >/dev/null || missing+=(xfsprogs)
        missing+=("$@")
    elif ! sudo -n true 2>/dev/null; then
        return 0
    fi
    [ ${#missing[@]} -eq 0 ] || (apt_install "${missing[@]}") || say "Going on without ${missing[*]}."
}

has_node() { command -v node >/dev/null && command -v npm >/dev/null; }

# want_fdk: the unmodified Node FDK below .run/npm, for the functions of the examples and the tests.
want_fdk() {
    local log
    has_node || (apt_install nodejs npm) || {
        say "Going on without Node: its functions are left out."
        return 0
    }
    [ ! -d .run/npm/fdk/node_modules/@fnproject/fdk ] || return 0
    log=$(log_file npm)
    say "Installing @fnproject/fdk ..."
    npm install --prefix .run/npm/fdk --no-audit --no-fund @fnproject/fdk >"$log" 2>&1 </dev/null || say "Going on without the Node FDK, which npm could not install (log: $log)."
}

# mounts_of_its_own: execs the command that follows; as root in a mount namespace, so that what it mounts ends with it.
mounts_of_its_own() {
    if [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
        exec unshare --mount -- "$@"
    fi
    exec "$@"
}

apt_install() {
    local sudo=() log status=0 policy=/usr/sbin/policy-rc.d
    if ! command -v apt-get >/dev/null; then
        fail "Please install $*, or name servers of your own in ORCHESTRATOR_POSTGRES and ORCHESTRATOR_RABBITMQ."
    elif [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || fail "Please run: sudo apt-get install $*   (or name servers of your own in ORCHESTRATOR_POSTGRES and ORCHESTRATOR_RABBITMQ)"
        sudo=(sudo -n)
    fi
    log=$(log_file apt)
    say "Installing $* ..."
    # Only the programs are wanted: while this policy stands, packages start no servers of their own.
    [ ! -e $policy ] || policy=""
    {
        { [ -z "$policy" ] || { printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee $policy && "${sudo[@]}" chmod 755 $policy; }; } &&
            "${sudo[@]}" apt-get update &&
            "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
    } >"$log" 2>&1 </dev/null || status=$?
    [ -z "$policy" ] || "${sudo[@]}" rm -f $policy
    [ $status -eq 0 ] || {
        tail -n 15 "$log" >&2
        fail "apt-get could not install $* (log: $log)"
    }
}

# build [SOLUTION OR PROJECT]: quiet unless it fails; two builds of one checkout wait for each other. Analyzers run where
# ORCHESTRATOR_ANALYZE is set: they take longer than the rest.
build() {
    local log status=0 compiler="orchestrator-$$-$RANDOM" checks=(-p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false)
    [ -z "${ORCHESTRATOR_ANALYZE:-}" ] || checks=()
    log=$(log_file build)
    exec 9>.run/build.lock
    flock --nonblock 9 || {
        say "Waiting for another build of this checkout ..."
        flock 9
    }
    say "Building ..."
    # A compiler server of this build's own, which ends with it, whatever ends it.
    (
        trap 'kill $(pgrep -f -- "-pipename:$compiler") 2>/dev/null || true' EXIT
        dotnet build "${1:-Orchestrator.sln}" -c Release --nologo -v quiet -p:UseSharedCompilation=true -p:SharedCompilationId="$compiler" "${checks[@]}"
    ) >"$log" 2>&1 9>&- || status=$?
    exec 9>&-
    [ $status -eq 0 ] && return
    grep -E '(error|MSB)' "$log" | sed -E 's/ \[[^]]*\]$//; s/ \(https:[^)]*\)$//' | sort -u | head -n 40 >&2 || tail -n 20 "$log" >&2
    fail "The build failed (log: $log)"
}

# program NAME: the built program of a project.
program() { printf '%s' "artifacts/bin/$1/release/$1.dll"; }
