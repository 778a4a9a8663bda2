"""The sections of OUTCAR, each as one string."""

from __future__ import annotations

from workflows.fake_vasp.crystal import Cell, reciprocal, to_cartesian, volume
from workflows.fake_vasp.layout import fortran, row
from workflows.fake_vasp.occupations import blocks
from workflows.fake_vasp.relaxation import Step
from workflows.fake_vasp.run import VERSION, Run
from workflows.fake_vasp.states import FERMI

_RULE = "-" * 104
_RULED = f"\n\n{_RULE}\n\n\n"


def header(run: Run) -> str:
    """Everything before the first electronic step."""
    sections = (
        _banner(),
        _incar(run),
        _potcars(run),
        _dimensions(run),
        _parameters(run),
        _hubbard(run),
        _cell(run, run.inputs.cell),
        _kpoints(run),
        _plane_waves(run),
    )
    return "".join(sections)


def _banner() -> str:
    return (
        f" vasp.{VERSION} not VASP: a stand-in with toy numbers\n"
        " executed on             fake date 2000.01.01  00:00:00\n"
        " running on    1 total cores\n" + _RULED
    )


def _incar(run: Run) -> str:
    lines = [f"   {line.strip()}\n" for line in run.inputs.incar_text.splitlines()]
    return " INCAR:\n" + "".join(lines) + "\n"


def _potcars(run: Run) -> str:
    blocks = [
        f" POTCAR:    {p.titel:<30}\n"
        f"   VRHFIN ={p.element}: fake\n"
        "   LEXCH  = PE\n\n"
        f"   TITEL  = {p.titel}\n"
        f"   ZVAL   = {p.zval:8.3f}    valence electrons\n\n"
        for p in run.inputs.potentials
    ]
    return "".join(blocks)


def _dimensions(run: Run) -> str:
    inputs = run.inputs
    points, ions = len(inputs.mesh.points), len(run.crystal.ions)
    return (
        f"{_RULED} Dimension of arrays:\n"
        f"   k-points           NKPTS ={points:7d}   k-points in BZ     "
        f"NKDIM ={points:7d}   number of bands    NBANDS={run.bands.number:7d}\n"
        f"   number of dos      NEDOS ={inputs.get('NEDOS'):7d}   "
        f"number of ions     NIONS ={ions:7d}\n"
        "   total plane-waves  NPLWV = 884736\n"
        f"   ions per type =      {row(inputs.cell.counts, '{:4d}')}\n\n"
        f" SYSTEM =  {inputs.get('SYSTEM') or 'unknown system'}\n"
        f" POSCAR =  {inputs.cell.comment}\n\n"
    )


def _parameters(run: Run) -> str:
    get = run.inputs.get
    flag = {True: "T", False: "F"}
    ediffg = run.inputs.incar.get("EDIFFG", 10 * get("EDIFF"))
    valences = " ".join(f"{p.zval:5.2f}" for p in run.inputs.potentials)
    return (
        " Startparameter for this run:\n"
        f"   PREC   = {str(get('PREC')).lower()[:6]}    normal or accurate\n"
        f"   ISTART = {get('ISTART'):6d}    job   : 0-new  1-cont  2-samecut\n"
        f"   ICHARG = {get('ICHARG'):6d}    charge: 1-file 2-atom 10-const\n"
        f"   ISPIN  = {get('ISPIN'):6d}    spin polarized calculation?\n"
        "   LNONCOLLINEAR =      F non collinear calculations\n"
        f"   LASPH  = {flag[get('LASPH')]:>6}    aspherical Exc in radial PAW\n"
        " Electronic Relaxation 1\n"
        f"   ENCUT  ={get('ENCUT'):7.1f} eV\n"
        f"   NELM   = {get('NELM'):6d};   NELMIN={get('NELMIN'):3d}; "
        f"NELMDL={get('NELMDL'):3d}     # of ELM steps\n"
        f"   EDIFF  = {fortran(get('EDIFF'), 1, 7)}   stopping-criterion for ELM\n"
        f"   LREAL  = {_real_space(get('LREAL')):>6}    real-space projection\n"
        f"   LMAXMIX     = {get('LMAXMIX'):4d} max onsite mixed and CHGCAR\n"
        " Ionic relaxation\n"
        f"   EDIFFG = {fortran(ediffg, 1, 7)}   stopping-criterion for IOM\n"
        f"   NSW    = {get('NSW'):6d}    number of steps for IOM\n"
        f"   IBRION = {get('IBRION'):6d}    ionic relax: 0-MD 1-quasi-New 2-CG\n"
        f"   ISIF   = {get('ISIF'):6d}    stress and relaxation\n"
        f"   ISYM   = {get('ISYM'):6d}    0-nonsym 1-usesym 2-fastsym\n\n"
        f"   POTIM  = {get('POTIM'):6.4f}    time-step for ionic-motion\n"
        "  Ionic Valenz\n"
        f"   ZVAL   = {valences}\n"
        f"   NELECT = {run.inputs.electrons:12.4f}    total number of electrons\n"
        "   NUPDOWN=      -1.0000    fix difference up-down\n\n"
        " DOS related values:\n"
        f"   EMIN   = {get('EMIN'):6.2f};   EMAX   ={get('EMAX'):6.2f}  "
        "energy-range for DOS\n"
        f"   ISMEAR = {get('ISMEAR'):5d};   SIGMA  = {get('SIGMA'):6.2f}  "
        "broadening in eV -4-tet -1-fermi 0-gaus\n\n"
        " Write flags\n"
        f"   LWAVE        = {flag[get('LWAVE')]:>6}    write WAVECAR\n"
        f"   LCHARG       = {flag[get('LCHARG')]:>6}    write CHGCAR\n"
        f"   LORBIT       = {get('LORBIT'):6d}    0 simple, 1 ext, +10 PAW based\n\n"
    )


def _real_space(value: bool | str) -> str:
    if isinstance(value, bool):
        return "T" if value else "F"
    return value


def _hubbard(run: Run) -> str:
    if not run.inputs.get("LDAU"):
        return ""
    momenta, u, j = (run.inputs.get(tag) for tag in ("LDAUL", "LDAUU", "LDAUJ"))
    return (
        " LDA+U is selected, type is set to LDAUTYPE =  2\n"
        f"   angular momentum for each species LDAUL = {row(momenta, '{:5d}')}\n"
        f"   U (eV)           for each species LDAUU = {row(u, '{:6.2f}')}\n"
        f"   J (eV)           for each species LDAUJ = {row(j, '{:6.2f}')}\n\n"
    )


def _cell(run: Run, cell: Cell) -> str:
    inverse = reciprocal(cell.lattice)
    pairs = zip(cell.lattice, inverse, strict=True)
    vectors = [f" {row(a, '{:13.9f}')}    {row(b, '{:13.9f}')}\n" for a, b in pairs]
    return (
        f"\n  energy-cutoff  :{run.inputs.get('ENCUT'):13.2f}\n"
        f"  volume of cell :{volume(cell.lattice):13.2f}\n"
        "      direct lattice vectors                 reciprocal lattice vectors\n"
        + "".join(vectors)
        + "\n"
    )


def _kpoints(run: Run) -> str:
    points = run.inputs.mesh.points
    total = round(1 / min(weight for _, weight in points))
    rows = [f"{row(k, '{:10.6f}')} {w * total:13.6f}\n" for k, w in points]
    return (
        f" KPOINTS: {run.inputs.mesh_comment}\n\n"
        f" Found {len(points):6d} irreducible k-points:\n\n"
        " Following reciprocal coordinates:\n"
        "            Coordinates               Weight\n" + "".join(rows) + "\n"
    )


def _plane_waves(run: Run) -> str:
    rows = [
        f" k-point{i:5d} : {row(k, '{:9.4f}')}  plane waves:   12000\n"
        for i, (k, _) in enumerate(run.inputs.mesh.points, start=1)
    ]
    return (
        _RULED
        + "".join(rows)
        + "\n maximum and minimum number of plane-waves per node :   12000   12000\n"
        + "\n maximum number of plane-waves:   12000\n"
    )


def electronic_step(
    run: Run, ionic: int, number: int, energy: float, *, last: bool
) -> str:
    """One `Iteration` block; occupation matrices only in the last of an ionic step."""
    free, without, zero = run.energies(energy)
    title = f" Iteration {ionic:6d}({number:4d})  ".center(104, "-")
    return (
        f"\n\n{title}\n\n\n"
        f"{blocks(run) if last else ''}"
        f"{_electrons(run)}"
        "\n Free energy of the ion-electron system (eV)\n"
        "  ---------------------------------------------------\n"
        f"  free energy    TOTEN  = {free:20.8f} eV\n\n"
        f"  energy without entropy = {without:18.8f}  "
        f"energy(sigma->0) = {zero:18.8f}\n"
    )


def _electrons(run: Run) -> str:
    moment = f"{run.crystal.total_moment:16.7f}" if run.inputs.spins == 2 else ""
    count = f"{run.inputs.electrons:16.7f}"
    return (
        f" number of electron{count} magnetization{moment}\n"
        f" augmentation part {count} magnetization{moment}\n"
    )


def ionic_step(run: Run, step: Step) -> str:
    """Everything that follows the last electronic step of one ionic step."""
    reached = "is reached" if step.scf_converged else "was not reached (unconverged)"
    sections = (
        f"\n E-fermi :{FERMI:9.4f}     XC(G=0): -11.0000     alpha+bet : -11.0000\n\n",
        f"\n{f' aborting loop EDIFF {reached} '.center(100, '-')}\n\n\n",
        _spheres(run),
        _stress(step),
        "\n VOLUME and BASIS-vectors are now :\n " + "-" * 77,
        _cell(run, step.cell),
        _forces(run, step),
        _free_energy(run, step),
    )
    return "".join(sections)


def _spheres(run: Run) -> str:
    if not run.inputs.get("LORBIT"):
        return ""
    charge = _table(" total charge ", run.sphere_charges())
    if run.inputs.spins == 1:
        return charge
    return charge + _table(" magnetization (x)", run.sphere_moments())


def _table(title: str, rows: list[tuple[float, ...]]) -> str:
    lines = [
        f"{i:5d}   {row(values, '{:8.3f}')}\n" for i, values in enumerate(rows, start=1)
    ]
    sums = [sum(column) for column in zip(*rows, strict=True)]
    return (
        f"\n\n\n{title}\n\n# of ion       s       p       d       tot\n{'-' * 42}\n"
        + "".join(lines)
        + f"{'-' * 50}\ntot     {row(sums, '{:8.3f}')}\n"
    )


def _stress(step: Step) -> str:
    values = [*step.stress, 0.0, 0.0, 0.0]
    pressure = sum(step.stress) / 3
    return (
        "\n  FORCE on cell =-STRESS in cart. coord.  units (eV):\n"
        "  Direction  XX          YY          ZZ          XY          YZ          ZX\n"
        f"  in kB  {row(values, '{:12.5f}')}\n"
        f"  external pressure = {pressure:11.2f} kB  Pullay stress =        0.00 kB\n\n"
    )


def _forces(run: Run, step: Step) -> str:
    lattice = step.cell.lattice
    positions = [to_cartesian(lattice, fraction) for fraction in step.cell.fractions]
    pairs = zip(positions, run.forces(step), strict=True)
    lines = [f" {row(p, '{:13.5f}')} {row(f, '{:14.6f}')}\n" for p, f in pairs]
    rule = " " + "-" * 83 + "\n"
    return (
        " POSITION                                       TOTAL-FORCE (eV/Angst)\n"
        f"{rule}{''.join(lines)}{rule}"
        f"    total drift:                    {row([0.0] * 3, '{:14.6f}')}\n"
    )


def _free_energy(run: Run, step: Step) -> str:
    free, without, zero = run.energies(step.energy)
    return (
        f"{_RULED}\n  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n"
        "  ---------------------------------------------------\n"
        f"  free  energy   TOTEN  = {free:18.8f} eV\n\n"
        f"  energy  without entropy={without:18.8f}  "
        f"energy(sigma->0) ={zero:18.8f}\n\n"
    )


REACHED = "\n reached required accuracy - stopping structural energy minimisation\n"
STOPPED = "\n soft stop encountered!  aborting job ...\n"


def footer(seconds: float) -> str:
    """Return the lines that only a run which ended by itself has."""
    return (
        "\n\n General timing and accounting informations for this job:\n"
        " ========================================================\n\n"
        f"                  Total CPU time used (sec): {seconds:12.3f}\n"
        f"                            User time (sec): {seconds:12.3f}\n"
        f"                          System time (sec): {0:12.3f}\n"
        f"                         Elapsed time (sec): {seconds:12.3f}\n\n"
        f"                   Maximum memory used (kb): {20000:12.0f}.\n"
        "                   Average memory used (kb):          N/A\n\n"
        f"                          Minor page faults: {0:12d}\n"
        f"                          Major page faults: {0:12d}\n"
        f"                 Voluntary context switches: {0:12d}\n"
    )
