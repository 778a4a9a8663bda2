#!/usr/bin/env bash
# A whole campaign inside one Slurm allocation: no MongoDB, no queue job for each step.
#
#   sbatch allocation.sh mine.yaml        # or a packaged campaign: paper
#
# Submit it again, or several times at once: one runs at a time, and each goes on where
# the one before it stopped. Fill in the lines below for your site.
#SBATCH --job-name=lnmo
#SBATCH --nodes=1
#SBATCH --ntasks=32
#SBATCH --time=24:00:00
##SBATCH --partition=
##SBATCH --account=
#SBATCH --dependency=singleton
#SBATCH --signal=B:TERM@120
#SBATCH --output=lnmo-%j.out

# The environment of the engines.
# module load vasp
# source /path/to/lnmo/.venv/bin/activate
export LNMO_VASP_CMD="${LNMO_VASP_CMD:-srun vasp_std}"
# export PMG_VASP_PSP_DIR=/path/to/potcars

CAMPAIGN="${1:-paper}"
WORKERS="${2:-1}" # steps at a time; each starts LNMO_VASP_CMD, so share the tasks

# The second at which Slurm ends the job: no step begins, and VASP is asked to stop, ten
# minutes before it (LNMO_STOP_MARGIN). SIGTERM, two minutes before, is for the rest.
if [ -z "${LNMO_DEADLINE:-}" ]; then
  LNMO_DEADLINE="${SLURM_JOB_END_TIME:-}"
  if [ -z "$LNMO_DEADLINE" ]; then
    end=$(squeue --noheader --job "$SLURM_JOB_ID" --format %e 2>/dev/null) &&
      LNMO_DEADLINE=$(date --date "$end" +%s 2>/dev/null)
  fi
fi
[ -n "$LNMO_DEADLINE" ] && export LNMO_DEADLINE

cd "${SLURM_SUBMIT_DIR:-.}" || exit 2
lnmo run "$CAMPAIGN" -j "$WORKERS" --yes &
run=$!
# A trap runs while the shell waits, and ends the wait: then wait for the end itself.
trap 'kill -TERM "$run" 2>/dev/null' TERM INT
wait "$run"
code=$?
while kill -0 "$run" 2>/dev/null; do
  wait "$run"
  code=$?
done
if [ "$code" -eq 130 ]; then
  echo "not finished: submit it again, sbatch allocation.sh $CAMPAIGN"
fi
exit "$code"
