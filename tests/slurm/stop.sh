#!/usr/bin/env bash
# End the Slurm that start.sh started in DIR, its jobs first; harmless to repeat.
set -uo pipefail
place=$1
export SLURM_CONF=$place/slurm.conf
[ -e "$SLURM_CONF" ] || exit 0

pid() { cat "$place/$1.pid" 2>/dev/null; }
alive() { # running, not a zombie, and no stranger with its old number
  local process=/proc/$(cat "$place/$1.pid" 2>/dev/null || echo none)
  [ "$(cat "$process/comm" 2>/dev/null)" = "$1" ] &&
    ! grep -q '^State:[[:space:]]*Z' "$process/status" 2>/dev/null
}
gone() { for _ in $(seq "$2"); do alive "$1" || return 0; sleep 0.1; done; return 1; }
end() {
  alive "$1" || return 0
  kill "$(pid "$1")" 2>/dev/null
  gone "$1" 50 || { kill -9 "$(pid "$1")" 2>/dev/null; gone "$1" 20; }
}

if alive slurmctld && alive slurmd; then
  timeout 5 scancel --state=PENDING --user=root 2>/dev/null
  timeout 5 scancel --signal=KILL --full --user=root 2>/dev/null
  for _ in $(seq 50); do
    [ -z "$(timeout 5 squeue -h -t RUNNING,COMPLETING 2>/dev/null)" ] && break
    sleep 0.1
  done
fi
end slurmd
end slurmctld
end munged
# What a killed slurmd left: its steps carry the spool directory's configuration.
for process in /proc/[0-9]*; do
  name=$(cat "$process/comm" 2>/dev/null) || continue
  [ "$name" = slurmstepd ] || continue
  { tr '\0' '\n' <"$process/environ"; } 2>/dev/null |
    grep -qx "SLURM_CONF=$SLURM_CONF" && kill -9 "${process#/proc/}" 2>/dev/null
done
exit 0
