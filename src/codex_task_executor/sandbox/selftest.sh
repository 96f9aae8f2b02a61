# Tries what a sandbox must not allow, one promise a line: "held NAME" or "broken NAME".
# Nothing is written: what could be opened for writing is only opened.
# Where there is no /proc (macOS), what needs it is not tried.
# Arguments: port of a listener on the host, limit of file sizes (KiB), allowed variables,
# then files of the kernel to open, "--", host paths that must not show.

promise() { if "${@:2}" 2>/dev/null; then echo "held $1"; else echo "broken $1"; fi; }

field() { local key value; while read -r key value; do [[ $key == "$1:" ]] && echo "$value"; done </proc/self/status; }

own_processes() { [[ $(</proc/1/comm) == bwrap && $$ -le 3 ]]; }

own_environment() {
  local name
  [[ ! -e /proc/1/environ || -z $(cat /proc/1/environ) ]] || return 1
  for name in $(compgen -e); do [[ " $variables " == *" $name "* ]] || return 1; done
}

no_privileges() {
  local set
  for set in CapInh CapPrm CapEff CapBnd CapAmb; do [[ $(field $set) == 0000000000000000 ]] || return 1; done
  [[ $(field NoNewPrivs) == 1 ]]
}

filtered_calls() { [[ $(field Seccomp) == 2 ]]; }

no_namespaces() { [[ ! -x /usr/bin/unshare ]] || ! /usr/bin/unshare --user true; }

kernel_read_only() {
  local file
  for file in "${kernel[@]}"; do if : >>"$file"; then return 1; fi; done
}

no_network() {
  [[ ! -e /proc/net/dev || $(grep -c : /proc/net/dev) == 1 ]] || return 1
  ! (exec 3<>"/dev/tcp/127.0.0.1/$port")
}

no_terminal() { ! (: </dev/tty); }

system_read_only() {
  local folder
  for folder in / /usr /etc /dev /run /proc "${PWD%/*}/"; do
    [[ $folder == /tmp/* || ! -w $folder ]] || return 1
  done
}

hidden_paths() {
  local path
  for path in "${hidden[@]}"; do [[ ! -e $path && ! -L $path ]] || return 1; done
}

worktree_writable() { [[ -w . ]]; }

git_read_only() { [[ ! -w .git ]] && ! (: >>.git/config); }

limited() { [[ $(ulimit -c) == 0 && $(ulimit -f) == "$file_size" ]]; }

port=$1 file_size=$2 variables="$3 PWD OLDPWD SHLVL _"
shift 3
kernel=()
while [[ $1 != -- ]]; do kernel+=("$1"); shift; done
shift
hidden=("$@")

if [[ -e /proc/self ]]; then
  promise own-processes own_processes
  promise no-privileges no_privileges
  promise filtered-calls filtered_calls
  promise no-namespaces no_namespaces
  promise kernel-read-only kernel_read_only
  (exec setsid sleep 600 &)  # the call returns only when this is dead
  promise nothing-outlives true
fi
promise own-environment own_environment
promise no-network no_network
promise no-terminal no_terminal
promise system-read-only system_read_only
promise hidden-paths hidden_paths
promise worktree-writable worktree_writable
promise git-read-only git_read_only
promise limited limited
