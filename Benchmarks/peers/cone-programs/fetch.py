"""Brings the problems of the benchmark, which others wrote, into a folder outside the repository.

Each set is a folder of files that argmin reads: QPS, MPS, SDPA and CBF. Nothing of it is committed,
since some of it is under the GPL. Files that are already there are left alone.
"""

import argparse
import gzip
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from convert_mat import cbf_of_sedumi, qps_of_mat

CACHE = Path.home() / ".cache/argmin-benchmarks"
SETS = ["maros-meszaros", "netlib", "sdplib", "dimacs", "cbf"]
PIQP = "piqp==0.7.0"  # its source package holds Maros-Meszaros and the Netlib programs as .mat
CBF_REPOSITORIES = [
    ("chriscoey/PajaritoSupplement", "cbfs/"),
    ("jump-dev/Pajarito.jl", "test/"),
    ("JuliaOpt/ConicBenchmarkUtilities.jl", "test/"),
    ("jump-dev/Hypatia.jl", "benchmark/"),
    ("scipopt/SCIP-SDP", "instances/example"),
]


class Repository:
    """A clone without a work tree; one in the mirror, named owner+name, is used as it is."""

    def __init__(self, name: str, cache: Path, mirror: Path | None):
        folder = name.replace("/", "+")
        places = [mirror / folder / inner for inner in ("repo/.git", "repo", ".git", "")] if mirror else []
        self.path = next((p for p in places if (p / "HEAD").exists()), cache / "clones" / folder)
        if not self.path.exists():
            url = f"https://github.com/{name}.git"
            command = ["git", "clone", "--quiet", "--bare", "--depth", "1", url, str(self.path)]
            subprocess.run(command, check=True)

    def names(self, folder: str, *endings: str) -> Iterator[str]:
        command = ["git", "-C", str(self.path), "ls-tree", "-r", "--name-only", "HEAD"]
        listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for name in listing.splitlines():
            if name.startswith(folder) and name.lower().endswith(endings):
                yield name

    def content(self, name: str) -> bytes | None:
        """The bytes of a file, or none if this clone lacks them."""
        command = ["git", "-C", str(self.path), "cat-file", "blob", f"HEAD:{name}"]
        found = subprocess.run(command, capture_output=True)
        return found.stdout if found.returncode == 0 else None


class Sources:
    """Where the files come from."""

    def __init__(self, cache: Path, mirror: Path | None):
        self.cache = cache
        self.mirror = mirror

    def repository(self, name: str) -> Repository:
        return Repository(name, self.cache, self.mirror)

    def copied(self, repository: str, folder: str, endings: tuple[str, ...], target: Path) -> None:
        clone = self.repository(repository)
        for name in clone.names(folder, *endings):
            destination = target / Path(name).name
            if destination.exists():
                continue
            content = clone.content(name)
            if content is None:
                print(f"not in this clone of {repository}: {name}")
            else:
                destination.write_bytes(content)

    def mat_files(self, folder: str) -> Iterator[Path]:
        """The .mat files of a folder of the source package of PIQP."""
        downloads, unpacked = self.cache / "downloads", self.cache / "downloads" / "piqp"
        if not list(downloads.glob("piqp-*.tar.gz")):
            options = ["--quiet", "--no-deps", "--no-binary", "piqp", "-d", str(downloads)]
            command = [sys.executable, "-m", "pip", "download", *options, PIQP]
            subprocess.run(command, check=True)
        if not unpacked.exists():
            with tarfile.open(next(downloads.glob("piqp-*.tar.gz"))) as archive:
                archive.extractall(unpacked, filter="data")
        yield from sorted(unpacked.glob(f"*/tests/data/{folder}/*.mat"))


def bring_maros_meszaros(sources: Sources, target: Path) -> None:
    sources.copied("YimingYAN/QP-Test-Problems", "QPS_Files/", (".qps",), target)
    complete_from_mat(sources.mat_files("maros_meszaros"), target)


def bring_netlib(sources: Sources, target: Path) -> None:
    sources.copied("coin-or-tools/Data-Netlib", "", (".mps.gz",), target)
    complete_from_mat(sources.mat_files("netlib/data"), target)


def complete_from_mat(files: Iterator[Path], target: Path) -> None:
    """Writes those that are missing, under whatever spelling, as QPS."""
    present = {spelling(path) for path in target.iterdir()}
    for path in files:
        if spelling(path) not in present:
            (target / f"{path.stem}.qps").write_text(qps_of_mat(path))


def spelling(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz").removesuffix(path.suffix.lower())
    return "".join(c for c in name.removesuffix(".mps") if c.isalnum())


def bring_sdplib(sources: Sources, target: Path) -> None:
    sources.copied("vsdp/SDPLIB", "data/", (".dat-s",), target)


def bring_dimacs(sources: Sources, target: Path) -> None:
    """The challenge's files are SeDuMi's; the ones called old are earlier forms of the others."""
    clone = sources.repository("vsdp/DIMACS")
    for name in clone.names("data/", ".mat.gz"):
        destination = target / f"{Path(name).name.split('.')[0]}.cbf.gz"
        if destination.exists() or "old." in name:
            continue
        content = clone.content(name)
        if content is None:
            print(f"not in this clone of vsdp/DIMACS: {name}")
        else:
            destination.write_bytes(gzip.compress(cbf_of_sedumi(content).encode()))


def bring_cbf(sources: Sources, target: Path) -> None:
    """Cone programs in CBF; of those with integers or bounds on ranks, the convex relaxation."""
    for repository, folder in CBF_REPOSITORIES:
        clone = sources.repository(repository)
        for name in clone.names(folder, ".cbf", ".cbf.gz"):
            content = clone.content(name)
            if content is None:
                continue
            text = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
            relaxed = relaxation(text)
            stem = Path(name).name.split(".cbf")[0]
            suffix = "" if relaxed == text else "-relaxed"
            (target / f"{stem}{suffix}.cbf.gz").write_bytes(gzip.compress(relaxed.encode()))


RELAXED = ("INT", "PSDVARRANK1", "PSDCONRANK1")


def relaxation(text: str) -> str:
    """A CBF file without integers and bounds on ranks: sections of a count and so many indices."""
    lines, kept, at = text.splitlines(), [], 0
    while at < len(lines):
        if lines[at].strip() in RELAXED:
            left, at = int(lines[at + 1]), at + 2
            while left:
                left -= bool(lines[at].strip())
                at += 1
        else:
            kept.append(lines[at])
            at += 1
    return text if len(kept) == len(lines) else "\n".join(kept) + "\n"


BRING = {
    "maros-meszaros": bring_maros_meszaros,
    "netlib": bring_netlib,
    "sdplib": bring_sdplib,
    "dimacs": bring_dimacs,
    "cbf": bring_cbf,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=CACHE, help="the folder of the sets")
    parser.add_argument("--only", nargs="*", choices=SETS, default=SETS)
    parser.add_argument("--mirror", type=Path, help="clones that are already there: owner+name")
    arguments = parser.parse_args()
    for name in arguments.only:
        target = arguments.data / name
        target.mkdir(parents=True, exist_ok=True)
        BRING[name](Sources(arguments.data, arguments.mirror), target)
        print(f"{name}: {len(list(target.iterdir()))} files in {target}", flush=True)


if __name__ == "__main__":
    main()
