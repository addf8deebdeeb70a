"""RESULTS.md holds one section per benchmark between markers; each report replaces its own."""

from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "RESULTS.md"


def replace_section(name: str, text: str, path: Path = RESULTS) -> None:
    """Puts the text between the markers of a section, at the end of the file if it has none."""
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->\n"
    content = path.read_text() if path.exists() else ""
    if begin in content:
        before, rest = content.split(begin, 1)
        after = rest.split(end, 1)[1]
    else:
        before, after = f"{content}\n" if content else "", ""
    path.write_text(f"{before}{begin}{text.rstrip()}\n{end}{after}")
