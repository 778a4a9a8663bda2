#!/usr/bin/env bash
# A real Slurm on this machine alone, for tests: no systemd, no cgroups, no accounting.
#
#   start.sh DIR [CPUS]   start in DIR (made if missing); harmless to repeat
#   . DIR/environment     lets sbatch, squeue, scancel speak to it
#   stop.sh DIR           end it
#
# Everything is in DIR, with a munge key, a socket, a name and ports of its own, so that
# several may run side by side. Runs as root: slurmd starts jobs as their users.
set -euo pipefail
place=$(mkdir -p "$1" && cd "$1" && pwd)
cpus=${2:-2}
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)

for program in munged slurmctld slurmd sbatch; do
  command -v $program >/dev/null || { echo "$program is not installed" >&2; exit 3; }
done
[ "$(id -u)" = 0 ] || { echo "start.sh must run as root" >&2; exit 3; }

alive() { # running, not a zombie, and no stranger with its old number
  local process=/proc/$(cat "$place/$1.pid" 2>/dev/null || echo none)
  [ "$(cat "$process/comm" 2>/dev/null)" = "$1" ] &&
    ! grep -q '^State:[[:space:]]*Z' "$process/status" 2>/dev/null
}

if [ ! -e "$place/slurm.conf" ]; then
  mkdir -p "$place"/{state,spool,log}
  chmod 755 "$place"
  (umask 077; head -c 1024 /dev/urandom >"$place/munge.key")
  read -r controller node < <(python3 - <<'PYTHON'
import socket
held = [socket.socket() for _ in range(2)]
for each in held:
    each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in held))
PYTHON
  )
  # KillWait: from SIGTERM to SIGKILL. MinJobAge: how long a finished job is known.
  # batch_sched_delay, sched_interval: a job starts at once, not after 3 s.
  # config_overrides: as many CPUs as asked for, whatever the machine has.
  cat >"$place/slurm.conf" <<CONF
ClusterName=lnmo$controller
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$controller
SlurmdPort=$node
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$place/munge.socket
CredType=cred/munge
CryptoType=crypto/munge
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd.pid
SlurmctldLogFile=$place/log/slurmctld.log
SlurmdLogFile=$place/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$place/jobcomp.log
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=600
KillWait=5
InactiveLimit=0
OverTimeLimit=0
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$cpus State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
# Takes jobs and starts none.
PartitionName=closed Nodes=ALL MaxTime=INFINITE State=DOWN
CONF
  echo "export SLURM_CONF=$place/slurm.conf" >"$place/environment"
fi
export SLURM_CONF=$place/slurm.conf

# --force: the directory may lie below /tmp, which is everybody's to write.
alive munged || munged --force --key-file="$place/munge.key" \
  --socket="$place/munge.socket" --pid-file="$place/munged.pid" \
  --log-file="$place/log/munged.log" --seed-file="$place/munge.seed" --num-threads=2
# -c would forget the jobs; without it a restart knows them.
alive slurmctld || slurmctld -f "$place/slurm.conf"
alive slurmd || slurmd -f "$place/slurm.conf" -N "$(hostname -s)"

for _ in $(seq 300); do
  if sinfo -h -o %T 2>/dev/null | grep -Eq 'idle|mixed|allocated'; then exit 0; fi
  sleep 0.1
done
echo "Slurm did not come up in 30 s; see $place/log" >&2
tail -n 5 "$place"/log/*.log >&2
"$here/stop.sh" "$place"
exit 1
